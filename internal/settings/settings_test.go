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
		t.Errorf("Get of an unset variable: %q, want nothing", got)
	}
}

func TestRequire(t *testing.T) {
	s := from(map[string]string{settings.Team: "shop", settings.LogBucket: ""})
	if err := s.Require(settings.Team); err != nil {
		t.Errorf("Require of a set variable: %v", err)
	}
	if err := s.Require(); err != nil {
		t.Errorf("Require of nothing: %v", err)
	}
	err := s.Require(settings.Team, settings.LogBucket, settings.EventBus)
	if !errors.Is(err, fault.Internal) {
		t.Fatalf("Require of unset variables: %v, want Internal", err)
	}
	// An empty variable counts as missing, and one error names all missing ones.
	for _, name := range []string{settings.LogBucket, settings.EventBus} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	if strings.Contains(err.Error(), settings.Team) {
		t.Errorf("%q names a variable that is set", err)
	}
}

func TestRetentionDays(t *testing.T) {
	for text, want := range map[string]settings.Days{
		"":                                     {},
		"failed=365":                           {Failed: 365},
		"finished=90,failed=180,cancelled=30":  {Finished: 90, Failed: 180, Cancelled: 30},
		"cancelled=1, finished=3650, failed=2": {Finished: 3650, Failed: 2, Cancelled: 1},
	} {
		got, err := from(map[string]string{settings.Retention: text}).RetentionDays()
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"90", "failed", "failed=", "failed=0", "failed=-1", "failed=3651",
		"failed=1d",
		"queued=1", "failed=1,failed=2", "failed=1,", ","} {
		got, err := from(map[string]string{settings.Retention: text}).RetentionDays()
		if !errors.Is(err, fault.Internal) || got != (settings.Days{}) {
			t.Errorf("%q: %+v, %v; want Internal", text, got, err)
		}
	}
}

func TestRequestLimits(t *testing.T) {
	for text, want := range map[string]settings.Limits{
		"":                        {Requests: 600, Failures: 10},
		"requests=0":              {Requests: 0, Failures: 10},
		"failures=5, requests=20": {Requests: 20, Failures: 5},
	} {
		got, err := from(map[string]string{settings.Throttle: text}).RequestLimits()
		if got != want || err != nil {
			t.Errorf("RequestLimits of %q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"600", "requests=-1", "requests=1000001", "requests=1,requests=2", "others=1", "requests=1,",
	} {
		got, err := from(map[string]string{settings.Throttle: text}).RequestLimits()
		if !errors.Is(err, fault.Internal) || got != (settings.Limits{}) {
			t.Errorf("RequestLimits of %q: %+v, %v, want Internal", text, got, err)
		}
	}
}

func TestTokenLifetime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "1": 24 * time.Hour, "3650": 87600 * time.Hour,
	} {
		got, err := from(map[string]string{settings.TokenDays: text}).TokenLifetime()
		if got != want || err != nil {
			t.Errorf("TokenLifetime of %q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "3651", "90d", "1.5"} {
		_, err := from(map[string]string{settings.TokenDays: text}).TokenLifetime()
		if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), settings.TokenDays) {
			t.Errorf("TokenLifetime of %q: %v, want Internal and the variable's name", text, err)
		}
	}
}

func TestLeaseLength(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":   0,
		"5s": 5 * time.Second,
		"1m": time.Minute,
	} {
		got, err := from(map[string]string{settings.Lease: text}).LeaseLength()
		if got != want || err != nil {
			t.Errorf("LeaseLength of %q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"5", "fast", "1s", "-40s", "4500ms"} {
		_, err := from(map[string]string{settings.Lease: text}).LeaseLength()
		if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), settings.Lease) {
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
	_, err := from(map[string]string{settings.LogLevel: "loud"}).Level()
	if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), settings.LogLevel) {
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
	want := settings.Tables{Catalog: "c", Applications: "a", Services: "s", Databases: "d", Shards: 1}
	if diff := cmp.Diff(s.Tables(), want); diff != "" {
		t.Errorf("Tables (-got +want):\n%s", diff)
	}
	if got := from(map[string]string{settings.Shards: "4"}).Tables().Shards; got != 4 {
		t.Errorf("%d shards, want 4", got)
	}
	if err := s.Require(settings.ForDeployments()...); err != nil {
		t.Errorf("ForDeployments lists a variable that Tables does not read: %v", err)
	}
}
