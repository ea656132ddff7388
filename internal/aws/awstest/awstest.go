// Package awstest connects tests of the adapters to the emulator that `make test` has
// started.
package awstest

import (
	"os"
	"testing"

	"waybill/internal/aws/session"
	"waybill/internal/settings"
)

// EndpointVariable has the URL of the running emulator ("http://127.0.0.1:4566").
const EndpointVariable = "WAYBILL_TEST_ENDPOINT"

// Region is the region that tests work in.
const Region = "us-east-1"

// Endpoint returns the emulator's URL. Without one it skips the test, or fails it in
// CI.
func Endpoint(t testing.TB) string {
	t.Helper()
	endpoint := os.Getenv(EndpointVariable)
	if endpoint != "" {
		return endpoint
	}
	const text = EndpointVariable + " names no emulator; run `make test`, which starts one"
	if os.Getenv("WAYBILL_CI") != "" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}

// Session returns a session of the emulator with the credentials of the account's
// owner.
func Session(t testing.TB) *session.Session {
	t.Helper()
	environment := map[string]string{
		settings.Region:          Region,
		settings.Endpoint:        Endpoint(t),
		settings.AccessKeyID:     "test",
		settings.SecretAccessKey: "test",
	}
	opened, err := session.New(settings.New(func(name string) (string, bool) {
		value, found := environment[name]
		return value, found
	}))
	if err != nil {
		t.Fatal(err)
	}
	return opened
}
