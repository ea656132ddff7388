package wire

import (
	"cmp"
	"strconv"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// ContainerInput says how a container runs. "0" is no limit.
type ContainerInput struct {
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

// ApplicationContainerInput has the settings that only an application's container
// has: the ports and the health check of a database come from its engine.
type ApplicationContainerInput struct {
	PortsExposes string `json:"ports_exposes"`
	Command      string `json:"health_check_command"`
	Port         Port   `json:"health_check_port"`
	Path         string `json:"health_check_path"`
}

// Port is a port as existing clients write it in some fields: as text. It may be a number in
// a request, and 0 or "" is no port.
type Port int

// MarshalJSON writes the port as text.
func (p Port) MarshalJSON() ([]byte, error) {
	if p == 0 {
		return []byte(`""`), nil
	}
	return plainjson.Encode(strconv.Itoa(int(p)))
}

// UnmarshalJSON reads a number, or text with a number. Null is no port.
func (p *Port) UnmarshalJSON(value []byte) error {
	text := strings.Trim(string(value), `"`)
	if text == "" || text == "null" {
		*p = 0
		return nil
	}
	number, err := strconv.Atoi(text)
	*p = Port(number)
	return err
}

// container returns the input as the catalog stores it.
func (n ContainerInput) container() catalog.Container {
	return catalog.Container{
		Mappings: splitList(n.PortsMappings),
		Limits: catalog.Limits{
			Memory:            limit(n.Memory),
			MemorySwap:        limit(n.MemorySwap),
			MemoryReservation: limit(n.MemoryReservation),
			CPUs:              limit(n.CPUs),
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

// addTo returns the container with an application's own settings. Invalid if
// ports_exposes is not a list of ports.
func (n ApplicationContainerInput) addTo(container catalog.Container) (catalog.Container, error) {
	for _, text := range splitList(n.PortsExposes) {
		port, err := strconv.Atoi(text)
		if err != nil {
			return container, fault.InvalidField("ports_exposes",
				"must be ports with commas between them, such as 80,443")
		}
		container.Exposes = append(container.Exposes, port)
	}
	container.Health.Command, container.Health.Port, container.Health.Path = n.Command, int(n.Port), n.Path
	return container, nil
}

// containerInput is the inverse of [ContainerInput.container].
func containerInput(c catalog.Container) ContainerInput {
	enabled := !c.Health.Disabled
	return ContainerInput{
		PortsMappings:     strings.Join(c.Mappings, ","),
		Memory:            cmp.Or(c.Limits.Memory, noLimit),
		MemorySwap:        cmp.Or(c.Limits.MemorySwap, noLimit),
		MemoryReservation: cmp.Or(c.Limits.MemoryReservation, noLimit),
		CPUs:              cmp.Or(c.Limits.CPUs, noLimit),
		CPUSet:            c.Limits.CPUSet,
		CPUShares:         c.Limits.CPUShares,
		HealthEnabled:     &enabled,
		HealthInterval:    c.Health.IntervalSeconds,
		HealthTimeout:     c.Health.TimeoutSeconds,
		HealthRetries:     c.Health.Retries,
		HealthStartPeriod: c.Health.StartPeriodSeconds,
	}
}

// applicationContainerInput is the inverse of [ApplicationContainerInput.addTo].
func applicationContainerInput(c catalog.Container) ApplicationContainerInput {
	health := c.Health
	return ApplicationContainerInput{joinPorts(c.Exposes), health.Command, Port(health.Port), health.Path}
}

// Container is how a container runs, as it is shown.
type Container struct {
	ContainerInput
	PortsMappings *string `json:"ports_mappings"`
	CPUSet        *string `json:"limits_cpuset"`
}

func containerOf(c catalog.Container) Container {
	given := containerInput(c)
	return Container{given, TextOrNull(given.PortsMappings), TextOrNull(given.CPUSet)}
}

// ApplicationContainer has an application's ports and its health check.
type ApplicationContainer struct {
	PortsExposes *string `json:"ports_exposes"`
	// Command needs the ability to read sensitive data.
	Command *string `json:"health_check_command,omitempty"`
	Port    *Port   `json:"health_check_port"`
	Path    *string `json:"health_check_path"`
}

func applicationContainerOf(c catalog.Container, sensitive bool) ApplicationContainer {
	body := ApplicationContainer{
		PortsExposes: TextOrNull(joinPorts(c.Exposes)), Port: (*Port)(portOrNull(c.Health.Port)),
		Path: TextOrNull(c.Health.Path),
	}
	if sensitive {
		body.Command = TextOrNull(c.Health.Command)
	}
	return body
}

// noLimit is how upstream writes the absence of a limit.
const noLimit = "0"

// limit returns a limit as the catalog stores it.
func limit(given string) string {
	if given == noLimit {
		return ""
	}
	return given
}

// splitList splits a list at its commas and drops empty parts.
func splitList(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// joinPorts writes ports with commas between them.
func joinPorts(numbers []int) string {
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
