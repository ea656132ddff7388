package sshkey

import (
	"crypto/ecdsa"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// PrivateKey reads a PEM private key. It returns OpenSSH's own form, which ssh,
// git and package sshrun all read. ssh reads neither Ed25519 keys in PKCS#8 nor
// files with the line ends of Windows.
func (Reader) PrivateKey(text string) (catalog.KeyPair, error) {
	block, err := privateBlock(text)
	if err != nil {
		return catalog.KeyPair{}, err
	}
	key, err := ssh.ParseRawPrivateKey(pem.EncodeToMemory(block))
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return catalog.KeyPair{}, errLocked()
	}
	if err != nil {
		return catalog.KeyPair{}, fault.New(fault.Invalid,
			"The private key cannot be read: it is damaged, or of a kind or curve "+
				"that SSH does not know. SSH knows Ed25519, RSA, and ECDSA on P-256, P-384 and P-521.")
	}
	if curve, ok := key.(*ecdsa.PrivateKey); ok && curve.Curve.Params().BitSize < 256 {
		return catalog.KeyPair{}, fault.New(fault.Invalid,
			"The private key's curve is %s; SSH knows P-256, P-384 and P-521.", curve.Curve.Params().Name)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return catalog.KeyPair{}, fault.New(fault.Invalid,
			"The private key is of a kind that SSH does not know; use Ed25519, RSA or ECDSA.")
	}
	if block, err = ssh.MarshalPrivateKey(key, ""); err != nil {
		return catalog.KeyPair{}, fault.New(fault.Invalid,
			"The private key is of a kind that servers no longer accept; use Ed25519, RSA or ECDSA.")
	}
	return catalog.KeyPair{
		Public:  Describe(signer.PublicKey()),
		Private: string(pem.EncodeToMemory(block)),
	}, nil
}

func errLocked() error {
	return fault.New(fault.Invalid, "The private key is protected by a passphrase; give one that is not.")
}

// privateBlock finds the one private key in a text. The text may have been
// pasted, indented, or saved with a byte-order mark or the line ends of
// Windows. It may hold other blocks, such as the EC PARAMETERS that openssl
// writes first.
func privateBlock(text string) (*pem.Block, error) {
	var found *pem.Block
	for rest := []byte(unindented(text)); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY":
			return nil, errLocked()
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
		case found != nil:
			return nil, fault.New(fault.Invalid, "The text holds more than one private key; give one.")
		default:
			found = block
		}
	}
	if found == nil {
		return nil, fault.New(fault.Invalid, "%s", invalidKeyText(text))
	}
	return found, nil
}

// unindented returns the text with plain line ends and no white space around
// lines.
func unindented(text string) string {
	text = strings.NewReplacer("\ufeff", "", "\r\n", "\n", "\r", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// invalidKeyText says why a text is not a private key.
func invalidKeyText(text string) string {
	trimmed := strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(trimmed, "PuTTY-User-Key-File"):
		return "This is a key in PuTTY's form; export it with PuTTYgen as an OpenSSH key."
	case strings.HasPrefix(trimmed, "ssh-"), strings.HasPrefix(trimmed, "ecdsa-"),
		strings.Contains(text, "BEGIN PUBLIC KEY"),
		strings.Contains(text, "BEGIN SSH2 PUBLIC KEY"):
		return "This is a public key; give the private one."
	case !strings.Contains(text, "PRIVATE KEY"):
		return "This is no private key in PEM form (\"-----BEGIN … PRIVATE KEY-----\")."
	case strings.Contains(text, `\n`):
		return "The private key's line breaks are written as \\n; give it with real ones."
	case strings.Count(trimmed, "\n") == 0:
		return "The private key is on a single line; give it with its line breaks."
	}
	return "The private key is damaged: its lines are not complete PEM, from BEGIN to END."
}
