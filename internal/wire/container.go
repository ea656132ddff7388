package wire

import (
	"cmp"
	"strconv"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// NewContainer is what a client gives of how any container runs. "0" of a limit
// is none.
type NewContainer struct {
	PortsMappings     string `json:"ports_mappings"`
	Memory            string `json:"limits_memory"`
	MemorySwap        string `json:"limits_memory_swap"`
	MemoryReservation string `json:"limits_memory_reservation"`
	CPUs              string `json:"limits_cpus"`
	CPUSet            string `json:"limits_cpuset"`
	CPUShares         int    `json:"limits_cpu_shares"`
	HealthEnabled     *bool  `json:"health_check_enabled"`
	HealthInterval    int    `json:"health_check_interval"`
	HealthTimeout     int    `json:"health_check_timeout"`
	HealthRetries     int    `json:"health_check_retries"`
	HealthStartPeriod int    `json:"health_check_start_period"`
}

// NewProbe is what only an application's container has: a database's ports and
// health are its engine's.
type NewProbe struct {
	PortsExposes string `json:"ports_exposes"`
	Command      string `json:"health_check_command"`
	Port         int    `json:"health_check_port"`
	Path         string `json:"health_check_path"`
}

// container is what is given as the catalog has it.
func (n NewContainer) container() catalog.Container {
	return catalog.Container{
		Mappings: separated(n.PortsMappings),
		Limits: catalog.Limits{
			Memory:            bound(n.Memory),
			MemorySwap:        bound(n.MemorySwap),
			MemoryReservation: bound(n.MemoryReservation),
			CPUs:              bound(n.CPUs),
			CPUSet:            n.CPUSet,
			CPUShares:         n.CPUShares,
		},
		Health: catalog.HealthCheck{
			Disabled:           n.HealthEnabled != nil && !*n.HealthEnabled,
			IntervalSeconds:    n.HealthInterval,
			TimeoutSeconds:     n.HealthTimeout,
			Retries:            n.HealthRetries,
			StartPeriodSeconds: n.HealthStartPeriod,
		},
	}
}

// probed is the container with what an application has of it.
func (n NewProbe) probed(container catalog.Container) (catalog.Container, error) {
	for _, text := range separated(n.PortsExposes) {
		port, err := strconv.Atoi(text)
		if err != nil {
			return container, fault.InvalidField("ports_exposes", "must be ports with commas between them, such as 80,443")
		}
		container.Exposes = append(container.Exposes, port)
	}
	container.Health.Command, container.Health.Port, container.Health.Path = n.Command, n.Port, n.Path
	return container, nil
}

// writeContainer is the opposite of container.
func writeContainer(c catalog.Container) NewContainer {
	enabled := !c.Health.Disabled
	return NewContainer{
		PortsMappings:     strings.Join(c.Mappings, ","),
		Memory:            cmp.Or(c.Limits.Memory, unbound),
		MemorySwap:        cmp.Or(c.Limits.MemorySwap, unbound),
		MemoryReservation: cmp.Or(c.Limits.MemoryReservation, unbound),
		CPUs:              cmp.Or(c.Limits.CPUs, unbound),
		CPUSet:            c.Limits.CPUSet,
		CPUShares:         c.Limits.CPUShares,
		HealthEnabled:     &enabled,
		HealthInterval:    c.Health.IntervalSeconds,
		HealthTimeout:     c.Health.TimeoutSeconds,
		HealthRetries:     c.Health.Retries,
		HealthStartPeriod: c.Health.StartPeriodSeconds,
	}
}

// writeProbe is the opposite of probed.
func writeProbe(c catalog.Container) NewProbe {
	return NewProbe{ports(c.Exposes), c.Health.Command, c.Health.Port, c.Health.Path}
}

// Container is how a container runs, as it is shown.
type Container struct {
	NewContainer
	PortsMappings *string `json:"ports_mappings"`
	CPUSet        *string `json:"limits_cpuset"`
}

func showContainer(c catalog.Container) Container {
	given := writeContainer(c)
	return Container{given, TextOrNull(given.PortsMappings), TextOrNull(given.CPUSet)}
}

// Probe is how an application's container is reached and asked.
type Probe struct {
	PortsExposes *string `json:"ports_exposes"`
	// Command is there for those who may see what is sensitive.
	Command *string `json:"health_check_command,omitempty"`
	Port    *int    `json:"health_check_port"`
	Path    *string `json:"health_check_path"`
}

func showProbe(c catalog.Container, sensitive bool) Probe {
	body := Probe{PortsExposes: TextOrNull(ports(c.Exposes)), Port: portOrNull(c.Health.Port), Path: TextOrNull(c.Health.Path)}
	if sensitive {
		body.Command = TextOrNull(c.Health.Command)
	}
	return body
}

// unbound is how upstream writes that a limit is none.
const unbound = "0"

// bound is a limit as the catalog has it.
func bound(limit string) string {
	if limit == unbound {
		return ""
	}
	return limit
}

// separated are the parts of a list with commas, without the empty ones.
func separated(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// ports writes ports with commas between them.
func ports(numbers []int) string {
	var texts []string
	for _, number := range numbers {
		texts = append(texts, strconv.Itoa(number))
	}
	return strings.Join(texts, ",")
}

// portOrNull writes no port as null.
func portOrNull(port int) *int {
	if port == 0 {
		return nil
	}
	return &port
}
