package catalog

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PortMapping publishes ports of a container on its server. Its text is
// compose's short form: [[IP:]PUBLISHED:]TARGET[/PROTOCOL], where PUBLISHED and
// TARGET are a port or a range, and an IPv6 address is in brackets.
type PortMapping struct {
	// IP is the server's address to listen on; not valid for all of them.
	IP netip.Addr
	// Published are the server's ports, the zero range for any that is free.
	Published PortRange
	// Target are the container's ports: as many, or one, which then gets a free
	// one of those published.
	Target PortRange
	// Protocol is "tcp", "udp" or, as it was not given, "" for tcp.
	Protocol string
}

// PortRange is one port or several in a row, both ends included.
type PortRange struct{ First, Last int }

// maxPort is the highest port of TCP and UDP.
const maxPort = 65535

// ParsePortMapping reads a mapping; ok is false for a text that is none. What
// is accepted is written back unchanged by [PortMapping.String].
func ParsePortMapping(text string) (mapping PortMapping, ok bool) {
	ports, protocol, given := strings.Cut(text, "/")
	if given && protocol != "tcp" && protocol != "udp" {
		return mapping, false
	}
	mapping.Protocol = protocol
	ip, ports, ok := cutIP(ports)
	if !ok {
		return PortMapping{}, false
	}
	mapping.IP = ip
	published, target, both := strings.Cut(ports, ":")
	if !both {
		published, target = "", ports
	}
	// After an address both are due, though the first may be empty; without one,
	// an empty one would be a colon too many.
	if ip.IsValid() != both && (ip.IsValid() || published == "") {
		return PortMapping{}, false
	}
	if mapping.Target, ok = parsePortRange(target); !ok {
		return PortMapping{}, false
	}
	if published != "" {
		if mapping.Published, ok = parsePortRange(published); !ok {
			return PortMapping{}, false
		}
	}
	if !mapping.fits() {
		return PortMapping{}, false
	}
	return mapping, true
}

// String is the mapping as a text.
func (m PortMapping) String() string {
	text := m.Target.String()
	switch {
	case m.IP.Is6():
		text = fmt.Sprintf("[%s]:%s:%s", m.IP, m.Published, text)
	case m.IP.IsValid():
		text = fmt.Sprintf("%s:%s:%s", m.IP, m.Published, text)
	case m.Published != PortRange{}:
		text = m.Published.String() + ":" + text
	}
	if m.Protocol != "" {
		text += "/" + m.Protocol
	}
	return text
}

// String is "80", "80-89", or "" for the zero range.
func (r PortRange) String() string {
	switch {
	case r == PortRange{}:
		return ""
	case r.First == r.Last:
		return strconv.Itoa(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Len is how many ports are in the range.
func (r PortRange) Len() int {
	if r == (PortRange{}) {
		return 0
	}
	return r.Last - r.First + 1
}

// clash reports whether two mappings cannot both be had: they listen on the
// same ports of the same addresses. A port that Docker is free to choose
// clashes with none.
func (m PortMapping) clash(other PortMapping) bool {
	if m == other {
		return true
	}
	sameAddress := !m.IP.IsValid() || !other.IP.IsValid() || m.IP == other.IP || m.IP.IsUnspecified() || other.IP.IsUnspecified()
	overlap := m.Published.First <= other.Published.Last && other.Published.First <= m.Published.Last
	return sameAddress && overlap && m.protocol() == other.protocol() && m.fixed() && other.fixed()
}

func (m PortMapping) protocol() string { return orDefault(m.Protocol, "tcp") }

// fixed reports whether the mapping leaves no choice.
func (m PortMapping) fixed() bool { return m.Published.Len() == m.Target.Len() }

func (m PortMapping) fits() bool {
	published := m.Published.Len()
	return published == 0 || published == m.Target.Len() || m.Target.Len() == 1
}

// cutIP takes the address off the front of a mapping, if there is one.
func cutIP(text string) (ip netip.Addr, rest string, ok bool) {
	host := ""
	if bare, bracket := strings.CutPrefix(text, "["); bracket {
		host, rest, ok = strings.Cut(bare, "]:")
		ip, err := netip.ParseAddr(host)
		return ip, rest, ok && err == nil && ip.Is6() && ip.Zone() == "" && ip.String() == host
	}
	if strings.Count(text, ":") < 2 {
		return netip.Addr{}, text, true
	}
	host, rest, _ = strings.Cut(text, ":")
	ip, err := netip.ParseAddr(host)
	return ip, rest, err == nil && ip.Is4()
}

func parsePortRange(text string) (PortRange, bool) {
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		port, ok := parsePort(text)
		return PortRange{port, port}, ok
	}
	from, ok := parsePort(first)
	to, too := parsePort(last)
	return PortRange{from, to}, ok && too && from < to
}

// parsePort reads a port as everybody writes it: digits, no zero in front.
func parsePort(text string) (int, bool) {
	port, err := strconv.Atoi(text)
	return port, err == nil && port >= 1 && port <= maxPort && strconv.Itoa(port) == text
}
