package catalog

import "waybill/internal/engine"

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
