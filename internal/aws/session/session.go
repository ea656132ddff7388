// Package session has clients for every AWS service that Waybill uses, for tools and
// tests that work with a whole stack. Functions start often and use few services, so
// they use package account instead.
package session

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"waybill/internal/aws/account"
	"waybill/internal/settings"
)

// Session has clients for one account and region. It is safe for use by
// several goroutines.
type Session struct {
	account account.Account
}

// New returns a session of the account in the settings. It makes no call to AWS.
// Internal if the region or credentials are missing.
func New(s settings.Settings) (*Session, error) {
	opened, err := account.New(s)
	if err != nil {
		return nil, err
	}
	return &Session{account: opened}, nil
}

// Config returns the configuration for a client of any service.
func (s *Session) Config() aws.Config { return s.account.Config() }

// CloudFormation returns a client for stacks.
func (s *Session) CloudFormation() *cloudformation.Client {
	return cloudformation.NewFromConfig(s.Config())
}

// DynamoDB returns a client for tables.
func (s *Session) DynamoDB() *dynamodb.Client { return s.account.DynamoDB() }

// S3 returns a client for buckets. It has the bucket in the path, because an emulator on
// loopback has no host name for each bucket.
func (s *Session) S3() *s3.Client {
	return s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// SQS returns a client for queues.
func (s *Session) SQS() *sqs.Client { return sqs.NewFromConfig(s.Config()) }

// SSM returns a client for parameters.
func (s *Session) SSM() *ssm.Client { return ssm.NewFromConfig(s.Config()) }

// EventBridge returns a client for buses.
func (s *Session) EventBridge() *eventbridge.Client { return eventbridge.NewFromConfig(s.Config()) }

// Lambda returns a client for functions.
func (s *Session) Lambda() *lambda.Client { return lambda.NewFromConfig(s.Config()) }
