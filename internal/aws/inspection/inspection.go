// Package inspection takes questions about servers from the catalog function to the inspect
// function. The catalog function writes definitions and tokens, so it parses nothing that a
// server sends. It invokes the inspect function, which IAM allows only to it, and gets a
// verdict of a few fields.
package inspection

import (
	"time"

	"waybill/internal/catalog"
)

// ask is what to find out, one for each method of [catalog.Inspector].
type ask string

const (
	askHostKey ask = "host-key"
	askLogin   ask = "login"
	askUsable  ask = "usable"
)

// limits are how long the answers may take. Two questions must fit into the 29 s that API
// Gateway waits.
var limits = map[ask]time.Duration{
	askHostKey: 10 * time.Second,
	askLogin:   15 * time.Second,
	askUsable:  15 * time.Second,
}

// request is the event that the inspect function gets.
type request struct {
	Question question `json:"inspect_server"`
}

// question has the server by value, because the catalog also asks about servers and keys that
// it has not stored yet.
type question struct {
	Ask     ask    `json:"ask"`
	UUID    string `json:"uuid"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	User    string `json:"user"`
	HostKey string `json:"host_key"`
	DataDir string `json:"data_dir"`
	// Fingerprint is the one of the host key to look for, or "".
	Fingerprint string `json:"fingerprint"`
	// PrivateKey is PEM text. Secret.
	PrivateKey string `json:"private_key"`
}

// verdict is the answer.
type verdict struct {
	// HostKey is one line of authorized_keys, the answer to askHostKey.
	HostKey string `json:"host_key,omitempty"`
	// Health is the measurement of a usable server, the answer to askUsable. It has numbers only.
	Health catalog.Health `json:"health,omitzero"`
	// Unfit is why the server cannot be reached or used, or "" if it can.
	Unfit string `json:"unfit,omitempty"`
	// Busy says that nothing was tried, because all sessions of the server are taken.
	Busy bool `json:"busy,omitempty"`
	// Away says that nothing was tried, because a service of AWS did not answer.
	Away bool `json:"away,omitempty"`
}

func newQuestion(what ask, server *catalog.Server) question {
	return question{
		Ask: what, UUID: string(server.ID), Address: server.Address, Port: server.Port,
		User: server.User, HostKey: server.HostKey, DataDir: server.DataDir,
	}
}

// server returns the server that the question is about.
func (q question) server() *catalog.Server {
	return &catalog.Server{
		Meta: catalog.Meta{ID: catalog.ID(q.UUID)}, Address: q.Address, Port: q.Port,
		User: q.User, HostKey: q.HostKey, DataDir: q.DataDir,
	}
}
