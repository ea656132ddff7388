package catalog

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PortMapping publishes ports of a container on its server. Its text is in
// compose's short syntax: [[IP:]PUBLISHED:]TARGET[/PROTOCOL]. PUBLISHED and
// TARGET are each a port or a range; an IPv6 address is in brackets.
type PortMapping struct {
	// IP is the server's address to listen on; an invalid address means all.
	IP netip.Addr
	// Published are the server's ports; the zero range means any free port.
	Published PortRange
	// Target are the container's ports: as many as are published, or one, for
	// which Docker chooses a free one of the published ports.
	Target PortRange
	// Protocol is "tcp", "udp", or "", which means tcp.
	Protocol string
}

// PortRange is one port or several in a row, both ends included.
type PortRange struct{ First, Last int }

// maxPort is the highest port of TCP and UDP.
const maxPort = 65535

// ParsePortMapping parses a mapping; ok is false if the text is not one.
// [PortMapping.String] returns the accepted text unchanged.
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
	// After an address the text must have both parts, though the first may be
	// empty. Without an address, an empty first part is a stray colon.
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
	if !mapping.lengthsFit() {
		return PortMapping{}, false
	}
	return mapping, true
}

// String returns the mapping in compose's short syntax.
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

// String returns "80", "80-89", or "" for the zero range.
func (r PortRange) String() string {
	switch {
	case r == PortRange{}:
		return ""
	case r.First == r.Last:
		return strconv.Itoa(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Len returns the number of ports in the range.
func (r PortRange) Len() int {
	if r == (PortRange{}) {
		return 0
	}
	return r.Last - r.First + 1
}

// clash reports whether two mappings exclude each other because they listen on
// the same port of the same address. A port that Docker may choose clashes with
// no other.
func (m PortMapping) clash(other PortMapping) bool {
	if m == other {
		return true
	}
	everyAddress := func(ip netip.Addr) bool { return !ip.IsValid() || ip.IsUnspecified() }
	sameAddress := m.IP == other.IP || everyAddress(m.IP) || everyAddress(other.IP)
	overlap := m.Published.First <= other.Published.Last && other.Published.First <= m.Published.Last
	return sameAddress && overlap && m.protocol() == other.protocol() && m.fixed() && other.fixed()
}

func (m PortMapping) protocol() string { return orDefault(m.Protocol, "tcp") }

// fixed reports whether the mapping leaves Docker no choice of ports.
func (m PortMapping) fixed() bool { return m.Published.Len() == m.Target.Len() }

// lengthsFit reports whether Docker accepts the lengths of the two ranges: they are
// equal, or no port of the server is named, or the container has one port.
func (m PortMapping) lengthsFit() bool {
	published := m.Published.Len()
	return published == 0 || published == m.Target.Len() || m.Target.Len() == 1
}

// cutIP cuts the address off the front of a mapping, if it has one.
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

// parsePort parses a port in its usual notation: digits without a leading zero.
func parsePort(text string) (int, bool) {
	port, err := strconv.Atoi(text)
	return port, err == nil && port >= 1 && port <= maxPort && strconv.Itoa(port) == text
}
