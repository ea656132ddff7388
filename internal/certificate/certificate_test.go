package certificate_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"waybill/internal/certificate"
)

func TestNew(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	const uuid = "dbs000000000000000000001"
	for _, address := range []string{"203.0.113.7", "2001:db8::1", "db.example.org"} {
		made, key, err := certificate.New(rand.Reader, now, uuid, address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tls.X509KeyPair([]byte(made), []byte(key)); err != nil {
			t.Errorf("the two do not go together: %v", err)
		}
		block, _ := pem.Decode([]byte(made))
		read, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(made))
		for name, valid := range map[string]bool{uuid: true, address: true, "other.example.org": false} {
			for at, alive := range map[time.Time]bool{
				now: true, now.AddDate(9, 11, 0): true, now.AddDate(10, 1, 0): false,
			} {
				_, err := read.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at})
				if (err == nil) != (valid && alive) {
					t.Errorf("as %s at %v: %v", name, at, err)
				}
			}
		}
	}
	t.Run("no two have one serial number", func(t *testing.T) {
		a, _, _ := certificate.New(rand.Reader, now, uuid, "")
		b, _, _ := certificate.New(rand.Reader, now, uuid, "")
		if a == b {
			t.Error("they are the same")
		}
	})
	t.Run("without random bytes there is none", func(t *testing.T) {
		if _, _, err := certificate.New(iotest.ErrReader(errors.New("dry")), now, uuid,
			""); err == nil {
			t.Error("there is one")
		}
	})
}
