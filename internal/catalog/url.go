package catalog

import (
	"net/netip"
	"strings"

	"waybill/internal/engine"
)

// DatabaseURLs returns the connection strings of a database. They hold its
// password, which comes from secrets, its set in the [Vault]. Containers on the
// same server use the internal one. The external one is "" unless the server
// publishes a port of the database. Both are "" if the engine is unknown.
func DatabaseURLs(db *Database, server *Server, secrets map[string]string) (internal, external string) {
	known, found := engine.Find(db.Engine)
	if !found {
		return "", ""
	}
	address := engine.Address{
		Host: string(db.ID), Values: AllSettings(db, secrets), TLS: db.TLS, Image: db.Image,
	}
	internal = known.URL(address)
	if db.PublicPort != 0 && server != nil {
		address.Host, address.Port = server.Address, db.PublicPort
		external = known.URL(address)
	}
	return internal, external
}

// ServiceHost returns the scheme and the host name of a part of a service on the server.
// label is the first part of the name. Waybill makes the name; a DNS record for the
// service domain, and a reverse proxy, are the team's. The names of sslip.io, for servers
// without a domain, lead to the address that they contain (https://sslip.io).
func (s *Server) ServiceHost(label string) (scheme, host string) {
	if s.ServiceDomain != "" {
		return "https", label + "." + s.ServiceDomain
	}
	address, err := netip.ParseAddr(s.Address)
	switch {
	case err != nil:
		return "http", label + "." + strings.TrimSuffix(s.Address, ".")
	case address.Is4():
		return "http", label + "." + s.Address + ".sslip.io"
	}
	return "http", label + "." + strings.ReplaceAll(address.StringExpanded(), ":", "-") + ".sslip.io"
}
