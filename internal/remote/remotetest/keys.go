package remotetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keys are the server's own key and the key that opens it, as PEM and parsed.
type keys struct {
	hostPEM, clientPEM []byte
	host, client       ssh.Signer
}

// loadKeys reads the keys in dir and makes the missing ones. If dir is empty,
// it makes both and does not store them.
func loadKeys(dir string) (keys, error) {
	var k keys
	var err error
	if k.hostPEM, k.host, err = loadKey(dir, "host_key"); err != nil {
		return keys{}, err
	}
	if k.clientPEM, k.client, err = loadKey(dir, "client_key"); err != nil {
		return keys{}, err
	}
	return k, nil
}

func loadKey(dir, name string) ([]byte, ssh.Signer, error) {
	text, err := readOrMake(dir, name)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	return text, signer, err
}

func readOrMake(dir, name string) ([]byte, error) {
	if dir == "" {
		return makeKey()
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if text, err = makeKey(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return text, os.WriteFile(filepath.Join(dir, name), text, 0o600)
}

func makeKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

// line returns a public key as a line of authorized_keys.
func line(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}
