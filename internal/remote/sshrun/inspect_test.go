package sshrun_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

func TestInspector(t *testing.T) {
	var _ catalog.Inspector = sshrun.New(sshrun.Options{})
	servers(t, func(t *testing.T, ssh *remotetest.Server) {
		dialer := sshrun.New(sshrun.Options{})
		target := ssh.Target()
		server := &catalog.Server{Address: target.Address, Port: target.Port, User: target.User,
			HostKey: target.HostKey}
		t.Run("HostKey is what the server shows", func(t *testing.T) {
			got, err := dialer.HostKey(t.Context(),
				&catalog.Server{Address: target.Address, Port: target.Port}, catalog.Login{}, "")
			if want := (catalog.PublicKey{Line: ssh.HostKey(),
				Fingerprint: fingerprint(t, ssh.HostKey())}); err != nil || got != want {
				t.Errorf("%+v %v, want %+v", got, err, want)
			}
		})
		t.Run("Login tries the key", func(t *testing.T) {
			if err := dialer.Login(t.Context(), server, login(ssh)); err != nil {
				t.Error(err)
			}
			other := remotetest.Start(t, remotetest.Options{})
			wrong, none, gone := *server, *server, *server
			wrong.HostKey, none.HostKey, gone.Port = other.HostKey(), "", free(t)
			for _, c := range []struct {
				says   string
				server *catalog.Server
				key    string
			}{
				{"refused the private key", server, other.ClientKeyPEM()},
				{"SHA256:", &wrong, ssh.ClientKeyPEM()},
				{"No usable host key", &none, ssh.ClientKeyPEM()},
				{"did not answer: connection refused", &gone, ssh.ClientKeyPEM()},
				{"refused the private key for the user ", server, "no key at all"},
			} {
				err := dialer.Login(t.Context(), c.server, catalog.Login{PrivateKey: c.key})
				if !errors.Is(err, fault.Unavailable) ||
					!strings.Contains(fault.Public(err), c.says) {
					t.Errorf("%v, want Unavailable with %q", err, c.says)
				}
			}
		})
	})
}

func fingerprint(t *testing.T, line string) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}
