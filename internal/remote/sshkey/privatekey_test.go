package sshkey_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshkey"
)

// TestKeysAreStoredInOneForm checks that OpenSSH can read a stored key,
// whatever its original form.
func TestKeysAreStoredInOneForm(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	plain := remotetest.KeyText(t, private)
	ec, err := x509.MarshalECPrivateKey(ecdsaKey(t))
	if err != nil {
		t.Fatal(err)
	}
	ecparam := string(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS",
		Bytes: []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ec}))
	for name, text := range map[string]string{
		"OpenSSH's own":              plain,
		"RSA":                        remotetest.RSAKey(t),
		"Ed25519 in PKCS#8":          string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"openssl ecparam":            ecparam,
		"line ends of Windows":       strings.ReplaceAll(plain, "\n", "\r\n"),
		"line ends of old Macs":      strings.ReplaceAll(plain, "\n", "\r"),
		"text before and after":      "Bag Attributes\n    friendlyName: x\n" + plain + "\nthe end\n",
		"spaces at the ends":         strings.ReplaceAll(plain, "\n", "  \t\n"),
		"a byte-order mark":          "\ufeff" + plain,
		"an indented first line":     "   " + plain,
		"all lines indented":         "  " + strings.ReplaceAll(strings.TrimSpace(plain), "\n", "\n  "),
		"no line end after the last": strings.TrimSpace(plain),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sshkey.Reader{}.PrivateKey(text)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(got.Private), 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := exec.Command("ssh-keygen", "-y", "-P", "", "-f", file).Output()
			if err != nil || strings.TrimSpace(string(said)) != got.Public.Line {
				t.Errorf("ssh-keygen reads %q, %v; want %q", said, err, got.Public.Line)
			}
		})
	}
}

func p224(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// The reason must quote nothing of the key.
func TestRefusedKeysNameTheReason(t *testing.T) {
	plain := remotetest.RSAKey(t)
	body := strings.Split(plain, "\n")[1]
	for _, c := range []struct {
		name       string
		text, says string
	}{
		{"a public key", remotetest.PublicLine(t, plain), "This is a public key"},
		{"PuTTY's", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n" + body, "PuTTY"},
		{"a locked PKCS#8", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + body +
			"AA==\n-----END ENCRYPTED PRIVATE KEY-----\n", "passphrase"},
		{"two keys", plain + remotetest.KeyText(t, ecdsaKey(t)), "more than one"},
		{"line breaks as \\n", strings.ReplaceAll(plain, "\n", `\n`), `written as \n`},
		{"a single line", strings.ReplaceAll(plain, "\n", " "), "single line"},
		{"the end is cut off", plain[:len(plain)/2], "damaged"},
		{"a curve SSH lacks", p224(t), "P-224"},
		{"no key but some words", "hello " + body, "no private key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sshkey.Reader{}.PrivateKey(c.text)
			if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), c.says) {
				t.Errorf("%v, want Invalid with %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), body[:20]) {
				t.Error("the error quotes the key")
			}
		})
	}
}
