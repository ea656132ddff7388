// Package sshkey reads the text forms of SSH keys that users send. It connects to
// nothing, so a function that stores keys need not link package sshrun.
package sshkey

import (
	"bytes"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Reader reads keys for the catalog.
type Reader struct{}

var _ catalog.KeyReader = Reader{}

// PublicKey reads one line of authorized_keys. The error is Invalid if the line
// is not a public key.
func (Reader) PublicKey(line string) (catalog.PublicKey, error) {
	key, err := Parse(line)
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Invalid,
			"This is no public key; give one line such as \"ssh-ed25519 AAAA…\".")
	}
	return Describe(key), nil
}

// Parse reads exactly one public key: no options before it, no second line. It
// refuses a certificate, which would have to be checked against its authority.
func Parse(line string) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return nil, err
	case len(options) > 0 || len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("more than a key")
	case strings.Contains(key.Type(), "-cert-"):
		return nil, errors.New("a certificate")
	}
	return key, nil
}

// Describe returns the text forms of a public key.
func Describe(key ssh.PublicKey) catalog.PublicKey {
	return catalog.PublicKey{
		Line:        strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		Fingerprint: ssh.FingerprintSHA256(key),
	}
}
