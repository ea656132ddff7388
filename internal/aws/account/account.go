// Package account is the AWS account that a program works in: where its
// services answer and with whose rights it calls them, made of the environment
// variables that Lambda and emulators set.
//
// It is apart from package session because a program starts up every package
// that it imports, whether it calls it or not: the SDK's package for SSM alone
// costs a starting function 2 ms and 1.4 MB. Every function works with tables,
// so their client is made here; each other adapter makes its own from
// [Account.Config], and a function links no client that it does not use.
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

// How long a call waits, and how often it is tried again. The services answer
// within a second or not at all; three more tries, 1 s apart in the mean,
// bridge a node that is being replaced. There is no limit on a call as a
// whole: the caller's context has that, and a log is read as slowly as its
// reader takes it.
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
}

// New returns the account that the settings name, without asking AWS anything.
// Internal, naming what is missing, if they lack the region or credentials.
func New(s settings.Settings) (Account, error) {
	if err := s.Require(settings.Region, settings.AccessKeyID, settings.SecretAccessKey); err != nil {
		return Account{}, err
	}
	config := aws.Config{
		Region:      s.Get(settings.Region),
		Credentials: credentials(s),
		HTTPClient:  whole{newHTTPClient()},
		Retryer:     newRetryer,
	}
	if endpoint := s.Get(settings.Endpoint); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	return Account{config: config}, nil
}

// requestLimit is how long a call may take, all of its tries together, while a
// client of the API waits: an outage is answered within 5 s.
const requestLimit = 4 * time.Second

// ForRequests is [New] for a function that answers requests: a call that takes
// longer than a client should wait is given up as an outage.
func ForRequests(s settings.Settings) (Account, error) {
	account, err := New(s)
	if err != nil {
		return Account{}, err
	}
	return Account{config: outage.Bounded(account.config, requestLimit)}, nil
}

// Config is what the adapters make their clients of.
func (a Account) Config() aws.Config { return a.config }

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

// newHTTPClient returns the client that all services share, so that they also
// share its connections.
func newHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = connectTimeout
			t.ResponseHeaderTimeout = answerTimeout
		})
}

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
	})
}
