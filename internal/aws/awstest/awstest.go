// Package awstest opens the emulator for tests of the adapters: the one that
// `make test` has started, and none by itself.
package awstest

import (
	"os"
	"testing"

	"waybill/internal/aws/session"
	"waybill/internal/settings"
)

// EndpointVariable names the running emulator ("http://127.0.0.1:4566").
const EndpointVariable = "WAYBILL_TEST_ENDPOINT"

// Region is the region that tests work in.
const Region = "us-east-1"

// Endpoint returns the emulator's URL. Without one the test is skipped, or
// fails where nothing may be skipped.
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

// Session opens every service of the emulator, with the credentials that
// emulators give to the account's owner.
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
