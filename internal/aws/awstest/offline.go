package awstest

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Offline returns a configuration whose clients send each call to service alone: there
// is no emulator, no retry, and no one checks the credentials.
func Offline(service aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:     "eu-central-1",
		HTTPClient: service,
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
		}),
	}
}

// The content types of AWS's answers.
const (
	JSON10 = "application/x-amz-json-1.0" // DynamoDB, SQS
	JSON11 = "application/x-amz-json-1.1" // EventBridge, Systems Manager
	XML    = "application/xml"            // S3
)

// Answer returns a service's answer to a request.
func Answer(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}},
		Body:       io.NopCloser(strings.NewReader(body)),
		Request:    r,
	}
}
