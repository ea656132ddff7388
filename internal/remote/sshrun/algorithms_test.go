package sshrun_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// direct is no login, on no jump host.
var direct catalog.Login

func ecdsaPEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return remotetest.KeyText(t, key)
}

// TestHostKeysOfEveryType has a server with several host keys. The dialer must
// look at the pinned key, or at the key with the given fingerprint.
func TestHostKeysOfEveryType(t *testing.T) {
	// The server makes the first one itself: Ed25519, the type that it prefers.
	keys := []string{"", remotetest.RSAKey(t), ecdsaPEM(t)}
	ssh := remotetest.OpenSSH(t, remotetest.Setup{HostKeys: keys})
	dialer := sshrun.New(sshrun.Options{})
	for _, text := range keys {
		line := ssh.HostKey()
		if text != "" {
			line = remotetest.PublicLine(t, text)
		}
		kind, _, _ := strings.Cut(line, " ")
		t.Run(kind, func(t *testing.T) {
			server := &catalog.Server{Address: "127.0.0.1", Port: ssh.Port(), User: ssh.User(),
				DataDir: t.TempDir()}
			if got, err := dialer.HostKey(t.Context(), server, direct, fingerprint(t, line)); err != nil ||
				got.Line != line {
				t.Errorf("named by its fingerprint: %s %v, want %s", got.Line, err, line)
			}
			server.HostKey = line
			if got, err := dialer.HostKey(t.Context(), server, direct, ""); err != nil || got.Line != line {
				t.Errorf("pinned: %s %v, want %s", got.Line, err, line)
			}
			if err := dialer.Login(t.Context(), server, login(ssh)); err != nil {
				t.Errorf("pinned: %v", err)
			}
		})
	}
	t.Run("a changed key of the pinned type is shown as it is", func(t *testing.T) {
		former, present := remotetest.PublicLine(t, remotetest.RSAKey(t)), remotetest.PublicLine(t, keys[1])
		server := &catalog.Server{Address: "127.0.0.1", Port: ssh.Port(), HostKey: former}
		if got, err := dialer.HostKey(t.Context(), server, direct, ""); err != nil || got.Line != present {
			t.Errorf("%s %v, want the server's RSA key", got.Line, err)
		}
	})
}

// TestRSAKeysLogIn logs in to servers that accept only some of the algorithms.
func TestRSAKeysLogIn(t *testing.T) {
	key := remotetest.RSAKey(t)
	for _, accepted := range []string{"rsa-sha2-512", "rsa-sha2-256", "rsa-sha2-512,rsa-sha2-256"} {
		t.Run(accepted, func(t *testing.T) {
			ssh := remotetest.OpenSSH(t,
				remotetest.Setup{ClientKey: key, Lines: []string{"PubkeyAcceptedAlgorithms " + accepted}})
			shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), ssh.Target())
			if err != nil {
				t.Fatal(err)
			}
			_ = shell.Close()
		})
	}
}

// TestOneSessionAtATime has a server with MaxSessions 1: the next script waits
// until the server has noticed the end of the one before.
func TestOneSessionAtATime(t *testing.T) {
	ssh := remotetest.OpenSSH(t, remotetest.Setup{Lines: []string{"MaxSessions 1"}})
	shell := open(t, ssh.Target())
	followUp(t, shell)
}

// followUp ends a script early, as a cancellation does, and runs another one at
// once.
func followUp(t *testing.T, shell remote.Shell) {
	t.Helper()
	_, err := shell.Run(t.Context(), "while echo x; do sleep 1; done", nil, failing{errEnough},
		failing{errEnough})
	if err != errEnough {
		t.Fatalf("%v, want %v", err, errEnough)
	}
	var none strings.Builder
	if exit, err := shell.Run(t.Context(), "exit 3", nil, &none, &none); exit != 3 || err != nil {
		t.Errorf("the next script: %d %v, want 3", exit, err)
	}
}
