package sshkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"waybill/internal/fault"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshkey"
)

func TestKeysInTheFormOfTheCatalog(t *testing.T) {
	text := remotetest.KeyText(t, ecdsaKey(t))
	line := remotetest.PublicLine(t, text)
	pair, err := sshkey.Reader{}.PrivateKey(text)
	if err != nil || pair.Public.Line != line || !strings.HasPrefix(pair.Public.Fingerprint, "SHA256:") {
		t.Errorf("the private key's public half is %+v (%v), want %s", pair.Public, err, line)
	}
	got, err := sshkey.Reader{}.PublicKey(" " + line + " root@server\n")
	if err != nil || got != pair.Public {
		t.Errorf("the line is %+v (%v), want %+v", got, err, pair.Public)
	}
}

func TestMalformedKeysAreInvalid(t *testing.T) {
	reader := sshkey.Reader{}
	line, locked := ecdsaLine(t), encrypted(t)
	for _, text := range []string{"", "secret", "ssh-ed25519", "ssh-ed25519 AAAA", `command="x" ` + line,
		"example.com " + line, line + "\n" + line} {
		if got, err := reader.PublicKey(text); !errors.Is(err, fault.Invalid) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v %v, want Invalid", text, got, err)
		}
	}
	for _, text := range []string{"", "secret",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n", locked} {
		_, err := reader.PrivateKey(text)
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") ||
			strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%v, want Invalid without the key", err)
		}
	}
	if _, err := reader.PrivateKey(locked); err == nil || !strings.Contains(err.Error(), "passphrase") {
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
