// Package certificate makes the certificates that databases use for TLS.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"time"

	"waybill/internal/fault"
)

// years is the lifetime of a certificate. It is never renewed, so it has
// to outlast the database.
const years = 10

// New makes the certificate that a database uses for TLS, and its private
// key. It is for the database's uuid, its host name on its own server, and for the
// server's address, its host name for other clients. It is self-signed, so clients
// use it as their certificate authority. Both texts are PEM.
func New(
	random io.Reader, now time.Time, uuid, serverAddress string,
) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "make a key")
	}
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "read random bytes")
	}
	serial[0] &= 0x7f // RFC 5280: a positive number of at most 20 bytes
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: uuid},
		DNSNames:              []string{uuid},
		NotBefore:             now.Add(-time.Hour), // the server's clock may be behind
		NotAfter:              now.AddDate(years, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if ip := net.ParseIP(serverAddress); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else if serverAddress != "" {
		template.DNSNames = append(template.DNSNames, serverAddress)
	}
	signed, err := x509.CreateCertificate(random, template, template, private.Public(), private)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "make a certificate")
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "encode a key")
	}
	return text("CERTIFICATE", signed), text("PRIVATE KEY", encoded), nil
}

// text encodes bytes as PEM.
func text(kind string, bytes []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
}
