// Package awstest connects tests of the adapters to the emulator that `make test` has
// started, or to another implementation of one service.
package awstest

import (
	"cmp"
	"os"
	"testing"

	"waybill/internal/aws/session"
	"waybill/internal/settings"
)

// EndpointVariable has the URL of the running emulator ("http://127.0.0.1:4566").
const EndpointVariable = "WAYBILL_TEST_ENDPOINT"

// Service is a service that has implementations besides the emulator's. Its text is the
// variable with the URL of the one to test.
type Service string

// The services.
const (
	DynamoDB Service = "WAYBILL_TEST_DYNAMODB_ENDPOINT"
	S3       Service = "WAYBILL_TEST_S3_ENDPOINT"
)

// Region is the region that tests work in.
const Region = "us-east-1"

// Session returns a session of the emulator with the credentials of the account's
// owner. Without an emulator it skips the test, or fails it in CI.
func Session(t testing.TB) *session.Session {
	t.Helper()
	return open(t, os.Getenv(EndpointVariable))
}

// SessionOf returns a session for the calls of one service: at the implementation that the
// service's variable names, otherwise at the emulator.
func SessionOf(t testing.TB, service Service) *session.Session {
	t.Helper()
	return open(t, cmp.Or(os.Getenv(string(service)), os.Getenv(EndpointVariable)))
}

func open(t testing.TB, endpoint string) *session.Session {
	t.Helper()
	if endpoint == "" {
		const text = EndpointVariable + " names no emulator; run `make test`, which starts one"
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	environment := map[string]string{
		settings.Region:          Region,
		settings.Endpoint:        endpoint,
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
