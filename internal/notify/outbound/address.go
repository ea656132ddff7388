package outbound

import "net/netip"

// IsPublic reports whether an address is one of a public host. It names the public ranges of
// IPv6 and the special ones of IPv4 (IANA's registries of special-purpose addresses), so an
// unknown range of IPv6 is refused. An IPv6 address that stands for one of IPv4 is refused,
// too: a gateway on the way could take it for a private one.
func IsPublic(address netip.Addr) bool {
	address = address.Unmap() // ::ffff:10.0.0.1 is 10.0.0.1
	if !address.IsValid() || address.Zone() != "" {
		return false
	}
	ranges := special6[:]
	if address.Is4() {
		ranges = special4[:]
	} else if !global6.Contains(address) {
		return false
	}
	for _, special := range ranges {
		if special.Contains(address) {
			return false
		}
	}
	return true
}

// global6 is the part of IPv6 from which public addresses are given out. Loopback, link-local,
// unique local and multicast addresses, and NAT64 (64:ff9b::/96) are outside of it.
var global6 = prefix{netip.AddrFrom16([16]byte{0x20}), 3}

// prefix is a range of addresses. A table of them needs no call that could fail.
type prefix struct {
	base netip.Addr
	bits int
}

// Contains reports whether the address is in the range.
func (p prefix) Contains(address netip.Addr) bool {
	return netip.PrefixFrom(p.base, p.bits).Masked().Contains(address)
}

// special6 are the special ranges within global6.
var special6 = [...]prefix{
	{netip.AddrFrom16([16]byte{0x20, 0x01}), 23},             // IETF protocols, Teredo
	{netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8}), 32}, // documentation
	{netip.AddrFrom16([16]byte{0x20, 0x02}), 16},             // 6to4: has an IPv4 address
	{netip.AddrFrom16([16]byte{0x3f, 0xff}), 20},             // documentation
}

// special4 are the special ranges of IPv4.
var special4 = [...]prefix{
	{netip.AddrFrom4([4]byte{0}), 8},             // this network
	{netip.AddrFrom4([4]byte{10}), 8},            // private
	{netip.AddrFrom4([4]byte{100, 64}), 10},      // carrier-grade NAT
	{netip.AddrFrom4([4]byte{127}), 8},           // loopback
	{netip.AddrFrom4([4]byte{169, 254}), 16},     // link-local, with the metadata of the cloud
	{netip.AddrFrom4([4]byte{172, 16}), 12},      // private
	{netip.AddrFrom4([4]byte{192, 0, 0}), 24},    // IETF protocols
	{netip.AddrFrom4([4]byte{192, 0, 2}), 24},    // documentation
	{netip.AddrFrom4([4]byte{192, 31, 196}), 24}, // AS112
	{netip.AddrFrom4([4]byte{192, 52, 193}), 24}, // AMT
	{netip.AddrFrom4([4]byte{192, 88, 99}), 24},  // 6to4 relays
	{netip.AddrFrom4([4]byte{192, 168}), 16},     // private
	{netip.AddrFrom4([4]byte{192, 175, 48}), 24}, // AS112
	{netip.AddrFrom4([4]byte{198, 18}), 15},      // benchmarks
	{netip.AddrFrom4([4]byte{198, 51, 100}), 24}, // documentation
	{netip.AddrFrom4([4]byte{203, 0, 113}), 24},  // documentation
	{netip.AddrFrom4([4]byte{224}), 4},           // multicast
	{netip.AddrFrom4([4]byte{240}), 4},           // reserved, broadcast
}
