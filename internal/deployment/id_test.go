package deployment_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

const service = catalog.ID("svc0123456789abcdefghjkm")

func newID(t *testing.T, at time.Time, random byte) deployment.ID {
	t.Helper()
	id, err := deployment.NewID(service, at, bytes.NewReader(bytes.Repeat([]byte{random}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestID(t *testing.T) {
	at := time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC)
	id := newID(t, at, 7)

	t.Run("it carries its resource, its kind and its time", func(t *testing.T) {
		if len(id) != deployment.IDLength || id.Resource() != service || id.Kind() != catalog.KindService {
			t.Errorf("id %s is of %s, a %s", id, id.Resource(), id.Kind())
		}
		if got, want := id.Number(), at.UnixMicro(); got != want {
			t.Errorf("number = %d, want %d", got, want)
		}
	})
	t.Run("a later one sorts after an earlier one, whatever its random part", func(t *testing.T) {
		for _, step := range []time.Duration{time.Microsecond, time.Second, time.Hour,
			30 * 365 * 24 * time.Hour} {
			if later := newID(t, at.Add(step), 0); later <= newID(t, at, 31) {
				t.Errorf("%s, made %s later, sorts before", later, step)
			}
		}
	})
	t.Run("it parses back", func(t *testing.T) {
		if got, err := deployment.ParseID(string(id)); err != nil || got != id {
			t.Errorf("ParseID = %s, %v", got, err)
		}
	})
	t.Run("its number survives JavaScript until the year 2255", func(t *testing.T) {
		if got := newID(t, time.Date(2255, 1, 1, 0, 0, 0, 0, time.UTC), 0).Number(); got >= 1<<53 {
			t.Errorf("number = %d, want below 2^53", got)
		}
	})
}

// TestP9ParseID: what cannot be an id answers as an unknown id does.
func TestP9ParseID(t *testing.T) {
	good := string(newID(t, time.Now(), 1))
	for name, text := range map[string]string{
		"nothing":              "",
		"too short":            good[:len(good)-1],
		"too long":             good + "0",
		"a server's prefix":    "srv" + good[3:],
		"an unknown prefix":    "xyz" + good[3:],
		"an upper-case letter": strings.ToUpper(good),
		"a path":               "../" + good[3:],
		"a resource's id":      string(service),
	} {
		t.Run(name+" is NotFound", func(t *testing.T) {
			if _, err := deployment.ParseID(text); !errors.Is(err, fault.NotFound) {
				t.Errorf("ParseID(%q) = %v, want NotFound", text, err)
			}
		})
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(string(service) + "01234567890abcde")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := deployment.ParseID(text)
		if err != nil {
			return
		}
		if string(id) != text || !id.Kind().Deployable() || id.Number() < 0 {
			t.Errorf("ParseID(%q) = %q of kind %q, number %d", text, id, id.Kind(), id.Number())
		}
	})
}
