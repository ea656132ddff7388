// Package account configures access to an AWS account: region, endpoint and
// credentials, from the environment variables that Lambda and emulators set.
//
// It is separate from package session because a program initialises every package that
// it imports: the SDK's package for SSM alone costs a starting function 2 ms and
// 1.4 MB. Every function uses tables, so this package makes their client. Each other
// adapter makes its own client from [Account.Config], and a function links only the
// clients that it uses.
package account

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/aws/outage"
	"waybill/internal/settings"
)

// Timeouts and retries of a call. The services answer within a second or not at all;
// three more tries, on average 1 s apart, bridge the replacement of a node. A call as a
// whole has no limit but the caller's context: a log is read at the speed of its
// reader.
const (
	connectTimeout = 3 * time.Second
	answerTimeout  = 15 * time.Second
	maxAttempts    = 4
	maxBackoff     = 5 * time.Second
)

// Account is an AWS account and region. It is safe for use by several
// goroutines.
type Account struct {
	config aws.Config
	// unbounded is config without the limit of ForRequests.
	unbounded aws.Config
}

// New returns the account in the settings. It makes no call to AWS. Internal, with the
// missing names, if the region or credentials are missing.
func New(s settings.Settings) (Account, error) {
	if err := s.Require(settings.Region, settings.AccessKeyID, settings.SecretAccessKey); err != nil {
		return Account{}, err
	}
	config := aws.Config{
		Region:      s.Get(settings.Region),
		Credentials: credentials(s),
		HTTPClient:  whole{newHTTPClient(answerTimeout)},
		Retryer:     newRetryer,
	}
	if endpoint := s.Get(settings.Endpoint); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	return Account{config: config, unbounded: config}, nil
}

// requestLimit is the time limit of a call with all its tries while a client of the API
// waits. The client is told of an outage within 5 s.
const requestLimit = 4 * time.Second

// ForRequests is [New] for a function that answers requests: a call that takes longer
// than a client should wait fails as an outage.
func ForRequests(s settings.Settings) (Account, error) {
	account, err := New(s)
	if err != nil {
		return Account{}, err
	}
	account.config = outage.Bounded(account.config, requestLimit)
	return account, nil
}

// Config returns the configuration for clients of any service.
func (a Account) Config() aws.Config { return a.config }

// ConfigForInvocations returns the configuration for a client that calls functions, whose answers
// take as long as their work does. A call has no limit but the caller's context, and is not
// repeated.
func (a Account) ConfigForInvocations() aws.Config {
	config := a.unbounded.Copy()
	config.HTTPClient = whole{newHTTPClient(0)}
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return config
}

// DynamoDB returns a client for the account's tables.
func (a Account) DynamoDB() *dynamodb.Client { return dynamodb.NewFromConfig(a.config) }

// credentials never change while a function lives: Lambda replaces the
// function before they expire.
func credentials(s settings.Settings) aws.CredentialsProvider {
	static := aws.Credentials{
		AccessKeyID:     s.Get(settings.AccessKeyID),
		SecretAccessKey: s.Get(settings.SecretAccessKey),
		SessionToken:    s.Get(settings.SessionToken),
		Source:          "environment",
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return static, nil })
}

// newHTTPClient returns a client that waits for an answer as long as the limit, or without
// one if it is 0. All services share the client, so that they also share its connections.
func newHTTPClient(limit time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = connectTimeout
			t.ResponseHeaderTimeout = limit
		})
}

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
	})
}
