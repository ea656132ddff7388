// Package inspection takes questions about servers from the catalog function to the inspect
// function. The catalog function writes definitions and tokens, so it parses nothing that a
// server sends. It invokes the inspect function, which IAM allows only to it, and gets a
// verdict of a few fields.
package inspection

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/redact"
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
	// Jump is the jump host with its private key, or nil.
	Jump *jump `json:"jump,omitempty"`
}

// jump is a jump host by value.
type jump struct {
	UUID    string `json:"uuid"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	User    string `json:"user"`
	HostKey string `json:"host_key"`
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

func newQuestion(what ask, server *catalog.Server, login catalog.Login) question {
	q := question{
		Ask: what, UUID: string(server.ID), Address: server.Address, Port: server.Port,
		User: server.User, HostKey: server.HostKey, DataDir: server.DataDir, PrivateKey: login.PrivateKey,
	}
	if via := login.Jump; via != nil {
		q.Jump = &jump{
			UUID: string(via.Server.ID), Address: via.Server.Address, Port: via.Server.Port,
			User: via.Server.User, HostKey: via.Server.HostKey, PrivateKey: via.PrivateKey,
		}
	}
	return q
}

// login returns what opens the server.
func (q question) login() catalog.Login {
	login := catalog.Login{PrivateKey: q.PrivateKey}
	if q.Jump != nil {
		login.Jump = &catalog.Jump{PrivateKey: q.Jump.PrivateKey, Server: &catalog.Server{
			Meta: catalog.Meta{ID: catalog.ID(q.Jump.UUID)}, Address: q.Jump.Address, Port: q.Jump.Port,
			User: q.Jump.User, HostKey: q.Jump.HostKey,
		}}
	}
	return login
}

// secrets returns the private keys of the question.
func (q question) secrets() []redact.Secret {
	all := []redact.Secret{{Name: catalog.PrivateKeySecret, Value: q.PrivateKey}}
	if q.Jump != nil {
		all = append(all, redact.Secret{Name: catalog.PrivateKeySecret, Value: q.Jump.PrivateKey})
	}
	return all
}

// server returns the server that the question is about.
func (q question) server() *catalog.Server {
	return &catalog.Server{
		Meta: catalog.Meta{ID: catalog.ID(q.UUID)}, Address: q.Address, Port: q.Port,
		User: q.User, HostKey: q.HostKey, DataDir: q.DataDir,
	}
}
