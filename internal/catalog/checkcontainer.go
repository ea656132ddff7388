package catalog

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a container. Docker itself insists on the least memory; Linux sets
// the bounds of CPU shares.
const (
	MaxPorts          = 100
	maxPublished      = 1000 // Docker runs one or two processes for each
	minMemory         = 6 << 20
	maxMemory         = 1 << 50
	maxCPUs           = 1024
	minCPUShares      = 2
	maxCPUShares      = 1 << 18
	maxHealthPath     = 2048
	maxHealthRetries  = 1000
	maxHealthInterval = 86400
)

var (
	memorySize = regexp.MustCompile(`^([0-9]+)([bkmg]?)$`)
	cpuCount   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	cpuSet     = regexp.MustCompile(`^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$`)
	// healthPath excludes characters that are syntax in a shell or a compose file.
	healthPath = regexp.MustCompile(`^/[A-Za-z0-9._~/%?&=+:@,;!*-]*$`)
)

// container checks the container of an application.
func (p *problems) container(c *Container) {
	if len(c.Exposes) > MaxPorts {
		p.Add("ports_exposes", "may have at most %d ports", MaxPorts)
	}
	seen := map[int]bool{}
	for _, port := range c.Exposes {
		if p.checkRange("ports_exposes", port, 1, maxPort); seen[port] {
			p.Add("ports_exposes", "has %d twice", port)
		}
		seen[port] = true
	}
	p.mappings(c, 0)
	p.limits(&c.Limits)
	p.healthCheck(c)
}

// mappings checks the published ports. public is one more published port that no
// mapping may use, 0 for none.
func (p *problems) mappings(c *Container, public int) {
	if len(c.Mappings) > MaxPorts {
		p.Add("ports_mappings", "may have at most %d mappings", MaxPorts)
		return
	}
	var seen []PortMapping
	published := 0
	c.Mappings = slices.Clone(c.Mappings)
	for i := range c.Mappings {
		text := strings.TrimSpace(c.Mappings[i])
		c.Mappings[i] = text
		mapping, ok := ParsePortMapping(text)
		if !ok {
			p.Add("ports_mappings",
				"must be mappings such as 8080:80, 127.0.0.1:8080:80 or 53:53/udp; %s is not one",
				quoteShort(text))
			continue
		}
		if slices.ContainsFunc(seen, mapping.clash) {
			p.Add("ports_mappings", "publishes %s, which another mapping publishes too", text)
		}
		publicPort := PortMapping{Published: PortRange{public, public}, Target: PortRange{1, 1}}
		if public != 0 && mapping.clash(publicPort) {
			p.Add("ports_mappings", "publishes %s, which is the public_port", text)
		}
		seen = append(seen, mapping)
		published += max(mapping.Published.Len(), mapping.Target.Len())
	}
	if published > maxPublished {
		p.Add("ports_mappings", "may publish at most %d ports in all, has %d", maxPublished, published)
	}
}

// quoteShort quotes a client's text, cut short and printable.
func quoteShort(text string) string {
	const longest = 60
	return strconv.QuoteToASCII(text[:min(len(text), longest)])
}

// limits treats "0" as no limit, as upstream does.
func (p *problems) limits(l *Limits) {
	memory := p.memory("limits_memory", &l.Memory)
	reservation := p.memory("limits_memory_reservation", &l.MemoryReservation)
	if memory > 0 && reservation > memory {
		p.Add("limits_memory_reservation", "must not be more than limits_memory")
	}
	if l.MemorySwap != "-1" { // Docker's value for unlimited swap
		swap := p.memory("limits_memory_swap", &l.MemorySwap)
		if swap > 0 && (memory == 0 || swap < memory) {
			p.Add("limits_memory_swap", "is memory and swap together and must not be less than limits_memory")
		}
	}
	p.cpus(l)
	if l.CPUShares != 0 {
		p.checkRange("limits_cpu_shares", l.CPUShares, minCPUShares, maxCPUShares)
	}
}

// memory returns the size in bytes, 0 for no limit.
func (p *problems) memory(field string, size *string) int {
	*size = strings.ToLower(*size)
	if strings.Trim(strings.TrimRight(*size, "bkmg"), "0") == "" && *size != "" && (*size)[0] == '0' {
		*size = ""
	}
	if *size == "" {
		return 0
	}
	match := memorySize.FindStringSubmatch(*size)
	if match == nil {
		p.Add(field, "must be a size such as 512m or 2g, or 0 for no limit")
		return 0
	}
	// A number that overflows a float is infinite, and so over the maximum.
	bytes, _ := strconv.ParseFloat(match[1], 64)
	bytes *= math.Pow(1024, float64(max(0, strings.Index("bkmg", match[2]))))
	if bytes < minMemory || bytes > maxMemory {
		p.Add(field, "must be at least 6m, which Docker insists on, and at most 1048576g")
		return 0
	}
	return int(bytes)
}

func (p *problems) cpus(l *Limits) {
	if cpuCount.MatchString(l.CPUs) && strings.Trim(l.CPUs, "0.") == "" {
		l.CPUs = ""
	}
	if l.CPUs != "" {
		count, err := strconv.ParseFloat(l.CPUs, 64)
		if !cpuCount.MatchString(l.CPUs) || err != nil || count < 0.01 || count > maxCPUs {
			p.Add("limits_cpus",
				"must be a number such as 1.5, between 0.01 and %d, or 0 for no limit", maxCPUs)
		}
	}
	if l.CPUSet != "" && !isCPUSet(l.CPUSet) {
		p.Add("limits_cpuset", "must be numbers of CPUs such as 0-2,4")
	}
}

func isCPUSet(text string) bool {
	if !cpuSet.MatchString(text) || len(text) > MaxNameLength {
		return false
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to, tooLong := strconv.Atoi(orDefault(last, first))
		if err != nil || tooLong != nil || from >= maxCPUs || to >= maxCPUs || ranged && to < from {
			return false
		}
	}
	return true
}

// healthCheck checks an application's health check: a command or a request.
func (p *problems) healthCheck(c *Container) {
	h := &c.Health
	p.healthTimes(h)
	if len(h.Command) > MaxScriptBytes || !isText(h.Command) {
		p.Add("health_check_command", "must be UTF-8 text without NUL, at most %d bytes", MaxScriptBytes)
	}
	if h.Command != "" && (h.Port != 0 || h.Path != "") {
		p.Add("health_check_command", "and health_check_path exclude each other")
		return
	}
	if h.Port == 0 && h.Path == "" {
		return
	}
	// Either field says that the check is a request; fill in the other.
	h.Path = orDefault(h.Path, "/")
	if h.Port == 0 && len(c.Exposes) > 0 {
		h.Port = c.Exposes[0]
	}
	p.checkRange("health_check_port", h.Port, 1, maxPort)
	if len(h.Path) > maxHealthPath || !healthPath.MatchString(h.Path) {
		p.Add("health_check_path",
			"must begin with a slash and have only letters, digits and ._~/%%?&=+:@,;!*-")
	}
}

func (p *problems) healthTimes(h *HealthCheck) {
	p.checkRange("health_check_interval", h.IntervalSeconds, 0, maxHealthInterval)
	p.checkRange("health_check_timeout", h.TimeoutSeconds, 0, maxHealthInterval)
	p.checkRange("health_check_retries", h.Retries, 0, maxHealthRetries)
	p.checkRange("health_check_start_period", h.StartPeriodSeconds, 0, maxHealthInterval)
}
