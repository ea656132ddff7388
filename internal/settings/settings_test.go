package settings_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/settings"
)

// from returns the settings of an environment that has the variables.
func from(variables map[string]string) settings.Settings {
	return settings.New(func(name string) (string, bool) {
		value, found := variables[name]
		return value, found
	})
}

func TestGet(t *testing.T) {
	s := from(map[string]string{settings.Team: "shop"})
	if got := s.Get(settings.Team); got != "shop" {
		t.Errorf("Get: %q, want shop", got)
	}
	if got := s.Get(settings.LogBucket); got != "" {
		t.Errorf("Get of what is not set: %q, want nothing", got)
	}
}

func TestRequire(t *testing.T) {
	s := from(map[string]string{settings.Team: "shop", settings.LogBucket: ""})
	if err := s.Require(settings.Team); err != nil {
		t.Errorf("Require of what is set: %v", err)
	}
	if err := s.Require(); err != nil {
		t.Errorf("Require of nothing: %v", err)
	}
	err := s.Require(settings.Team, settings.LogBucket, settings.EventBus)
	if !errors.Is(err, fault.Internal) {
		t.Fatalf("Require of what is not set: %v, want Internal", err)
	}
	// Empty is as good as missing, and all that is missing is named at once.
	for _, name := range []string{settings.LogBucket, settings.EventBus} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	if strings.Contains(err.Error(), settings.Team) {
		t.Errorf("%q names what is set", err)
	}
}

func TestLeaseLength(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 40 * time.Second, "5s": 5 * time.Second, "1m": time.Minute} {
		if got, err := from(map[string]string{settings.Lease: text}).LeaseLength(); got != want || err != nil {
			t.Errorf("LeaseLength of %q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"5", "fast", "1s", "-40s", "4500ms"} {
		if _, err := from(map[string]string{settings.Lease: text}).LeaseLength(); !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), settings.Lease) {
			t.Errorf("LeaseLength of %q: %v, want Internal and the variable's name", text, err)
		}
	}
}

func TestLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{
		"":      slog.LevelInfo,
		"debug": slog.LevelDebug,
		"info":  slog.LevelInfo,
		"WARN":  slog.LevelWarn,
		"error": slog.LevelError,
	} {
		got, err := from(map[string]string{settings.LogLevel: text}).Level()
		if err != nil || got != want {
			t.Errorf("Level of %q: %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := from(map[string]string{settings.LogLevel: "loud"}).Level(); !errors.Is(err, fault.Internal) ||
		!strings.Contains(err.Error(), settings.LogLevel) {
		t.Errorf("Level of nonsense: %v, want Internal that names the variable", err)
	}
}

func TestTables(t *testing.T) {
	s := from(map[string]string{
		settings.CatalogTable:           "c",
		settings.ApplicationDeployments: "a",
		settings.ServiceDeployments:     "s",
		settings.DatabaseDeployments:    "d",
	})
	want := settings.Tables{Catalog: "c", Applications: "a", Services: "s", Databases: "d"}
	if diff := cmp.Diff(s.Tables(), want); diff != "" {
		t.Errorf("Tables (-got +want):\n%s", diff)
	}
	if err := s.Require(settings.ForDeployments()...); err != nil {
		t.Errorf("ForDeployments lists what Tables does not read: %v", err)
	}
}
