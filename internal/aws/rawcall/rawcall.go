// Package rawcall sends signed requests whose bytes the caller writes, for tools and tests that try
// what a service accepts. Adapters use the SDK's clients.
package rawcall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Caller sends requests to one endpoint with one identity. It is safe for use by several
// goroutines.
type Caller struct {
	config aws.Config
	now    func() time.Time
}

// New returns a caller with the endpoint, the region and the credentials of the configuration.
func New(config aws.Config) Caller { return Caller{config, time.Now} }

// As returns a caller with other credentials.
func (c Caller) As(id, secret, token string) Caller {
	config := c.config.Copy()
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	})
	return Caller{config, c.now}
}

// Endpoint is the URL of the service.
func (c Caller) Endpoint() string { return aws.ToString(c.config.BaseEndpoint) }

// Request is a request to a service, such as "sqs".
type Request struct {
	Service, Method, Path string
	// Type is the content type, and Target the X-Amz-Target. Each may be "".
	Type, Target string
	Body         string
}

// Send sends the request once. An answer of the service is no error, whatever its status is.
func (c Caller) Send(ctx context.Context, r Request) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, c.Endpoint()+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return 0, nil, err
	}
	for name, value := range map[string]string{"Content-Type": r.Type, "X-Amz-Target": r.Target} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	digest := sha256.Sum256([]byte(r.Body))
	hash := hex.EncodeToString(digest[:])
	request.Header.Set("X-Amz-Content-Sha256", hash) // S3 requires it
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, hash, r.Service, c.config.Region, c.now())
	if err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}
