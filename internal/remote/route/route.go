// Package route says how a server of the catalog is reached.
package route

import (
	"waybill/internal/catalog"
	"waybill/internal/remote"
)

// To returns the way to the server, through its jump host if it has one.
func To(server *catalog.Server, login catalog.Login) remote.Target {
	target := direct(server, login.PrivateKey)
	if login.Jump != nil {
		via := direct(login.Jump.Server, login.Jump.PrivateKey)
		target.Via = &via
	}
	return target
}

func direct(server *catalog.Server, privateKey string) remote.Target {
	return remote.Target{
		Address:    server.Address,
		Port:       server.Port,
		User:       server.User,
		HostKey:    server.HostKey,
		PrivateKey: privateKey,
	}
}
