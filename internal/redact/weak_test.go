package redact_test

import (
	"strings"
	"testing"

	"waybill/internal/redact"
)

func TestJudge(t *testing.T) {
	for value, want := range map[string]redact.Weakness{
		"": redact.Short, "abc": redact.Short, " abc\n": redact.Short, "é1": redact.Short,
		"true": redact.Common, "TRUE": redact.Common, " localhost ": redact.Common, "Postgres": redact.Common,
		"docker": redact.Common, "5432": redact.Common, "65535": redact.Common, "latest": redact.Common,
		"shop": redact.Own, "Shop-DB": redact.Own,
		"123456": redact.Strong, "hunter22": redact.Strong, "docker1": redact.Strong, "shop-d": redact.Strong,
	} {
		if got := redact.Judge(value, "shop", "shop-db", ""); got != want {
			t.Errorf("Judge(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestRefusalNamesTheKeyAndNotTheValue(t *testing.T) {
	for _, value := range []string{"zq", "localhost", "shopdb"} {
		got := redact.Judge(value, "shopdb").Refusal("DB_PASSWORD")
		if !strings.HasPrefix(got, "DB_PASSWORD is a secret that cannot be kept out of the logs: it ") ||
			strings.Contains(got, value) {
			t.Errorf("of %q: got %q", value, got)
		}
	}
	if got := redact.Judge("hunter22").Refusal("X"); got != "" {
		t.Errorf("a strong value is refused: %q", got)
	}
}

// TestP3WeakValuesDoNotFillTheLogWithMasks exists because a log of nothing but masks
// is useless, and reveals the value as well.
func TestP3WeakValuesDoNotFillTheLogWithMasks(t *testing.T) {
	var secrets []redact.Secret
	for _, value := range []string{"a", "on", "true", "docker", "postgres", "5432", "latest", "root"} {
		secrets = append(secrets, redact.Secret{Name: "WEAK", Value: value})
	}
	const text = "docker pull postgres:latest on port 5432 as root: true\n"
	if got := redact.NewMatcher(secrets).Text(text); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}
