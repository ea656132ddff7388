package sshrun_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
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
				&catalog.Server{Address: target.Address, Port: target.Port}, "")
			if want := (catalog.PublicKey{Line: ssh.HostKey(),
				Fingerprint: fingerprint(t, ssh.HostKey())}); err != nil || got != want {
				t.Errorf("%+v %v, want %+v", got, err, want)
			}
		})
		t.Run("Login tries the key", func(t *testing.T) {
			if err := dialer.Login(t.Context(), server, ssh.ClientKeyPEM()); err != nil {
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
				if err := dialer.Login(t.Context(), c.server, c.key); !errors.Is(err, fault.Unavailable) ||
					!strings.Contains(fault.Public(err), c.says) {
					t.Errorf("%v, want Unavailable with %q", err, c.says)
				}
			}
		})
		t.Run("PrivateKey has a public half", func(t *testing.T) {
			got, err := dialer.PrivateKey(ssh.ClientKeyPEM())
			if err != nil || !strings.HasPrefix(got.Public.Line, "ssh-ed25519 ") ||
				got.Public.Fingerprint != fingerprint(t, got.Public.Line) {
				t.Errorf("%+v %v", got.Public, err)
			}
		})
		t.Run("PublicKey reads a line", func(t *testing.T) {
			got, err := dialer.PublicKey(" " + ssh.HostKey() + " root@server\n")
			if err != nil || got.Line != ssh.HostKey() {
				t.Errorf("%+v %v, want %s", got, err, ssh.HostKey())
			}
		})
	})
}

func TestMalformedKeysAreInvalid(t *testing.T) {
	dialer := sshrun.New(sshrun.Options{})
	line, locked := ecdsaLine(t), encrypted(t)
	for _, text := range []string{"", "secret", "ssh-ed25519", "ssh-ed25519 AAAA", `command="x" ` + line,
		"example.com " + line, line + "\n" + line} {
		if got, err := dialer.PublicKey(text); !errors.Is(err, fault.Invalid) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v %v, want Invalid", text, got, err)
		}
	}
	for _, text := range []string{"", "secret",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n", locked} {
		_, err := dialer.PrivateKey(text)
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") ||
			strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%v, want Invalid without the key", err)
		}
	}
	if _, err := dialer.PrivateKey(locked); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("%v, want that it has a passphrase", err)
	}
}

func ecdsaKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecdsaLine(t *testing.T) string {
	t.Helper()
	public, err := ssh.NewPublicKey(&ecdsaKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

func encrypted(t *testing.T) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKeyWithPassphrase(ecdsaKey(t), "", []byte("passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func fingerprint(t *testing.T, line string) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}
