package resttest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// inspector is a [catalog.Inspector] without servers.
type inspector struct {
	Shows  catalog.PublicKey // the host key of every server
	Unseen error             // the error of HostKey
	Shut   error             // the error of a login
	Opened string            // the private key of the last login
	Health catalog.Health    // the measurement of every server
	Jump   *catalog.Jump     // the jump host of the last connection, or nil

	mu     sync.Mutex // requests try several logins at once
	logins map[catalog.ID]catalog.Login
}

// NewInspector returns an inspector whose servers show [FirstKey] and accept every
// login.
func NewInspector() *inspector {
	return &inspector{Shows: FirstKey, logins: map[catalog.ID]catalog.Login{}}
}

// LoginOf returns the last login to the server.
func (i *inspector) LoginOf(server string) catalog.Login {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.logins[catalog.ID(server)]
}

func (i *inspector) PrivateKey(pem string) (catalog.KeyPair, error) {
	if !strings.Contains(pem, "PRIVATE KEY") {
		return catalog.KeyPair{}, fault.New(fault.Invalid, "no private key")
	}
	// The real inspector, too, returns one form of a text that has several, and
	// another fingerprint for another key.
	private := strings.ReplaceAll(pem, "\r\n", "\n")
	public := catalog.PublicKey{Line: "ssh-ed25519 AAAAclient", Fingerprint: "SHA256:client"}
	if private != ExamplePEM {
		public.Fingerprint = fmt.Sprintf("SHA256:%x", sha256.Sum256([]byte(private)))
	}
	return catalog.KeyPair{Public: public, Private: private}, nil
}

func (i *inspector) PublicKey(line string) (catalog.PublicKey, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return catalog.PublicKey{}, fault.New(fault.Invalid, "no public key")
	}
	return catalog.PublicKey{Line: fields[0] + " " + fields[1], Fingerprint: "SHA256:public"}, nil
}

func (i *inspector) HostKey(
	_ context.Context, _ *catalog.Server, login catalog.Login, _ string,
) (catalog.PublicKey, error) {
	i.Jump = login.Jump
	return i.Shows, i.Unseen
}

func (i *inspector) Login(_ context.Context, server *catalog.Server, login catalog.Login) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.Opened, i.Jump = login.PrivateKey, login.Jump
	i.logins[server.ID] = login
	return i.Shut
}

func (i *inspector) Usable(
	_ context.Context, _ *catalog.Server, login catalog.Login,
) (catalog.Health, error) {
	i.Opened, i.Jump = login.PrivateKey, login.Jump
	return i.Health, i.Shut
}
