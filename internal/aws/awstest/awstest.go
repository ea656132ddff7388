// Package awstest opens the emulator for tests of the adapters: the one that
// `make test` has started, and none by itself.
package awstest

import (
	"context"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// Config returns what an SDK client needs to reach the emulator.
func Config(t testing.TB) aws.Config {
	t.Helper()
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(Endpoint(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}
