package session_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/session"
	"waybill/internal/fault"
	"waybill/internal/settings"
)

func TestASessionNeedsAnAccount(t *testing.T) {
	nothing := settings.New(func(string) (string, bool) { return "", false })
	if opened, err := session.New(nothing); !errors.Is(err, fault.Internal) || opened != nil {
		t.Errorf("New without settings: %v, %v; want Internal", opened, err)
	}
}

func TestEveryServiceAnswers(t *testing.T) {
	s := awstest.Session(t)
	ctx := t.Context()
	_, errDynamoDB := s.DynamoDB().ListTables(ctx, &dynamodb.ListTablesInput{})
	_, errS3 := s.S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	_, errSQS := s.SQS().ListQueues(ctx, &sqs.ListQueuesInput{})
	_, errSSM := s.SSM().DescribeParameters(ctx, &ssm.DescribeParametersInput{MaxResults: aws.Int32(1)})
	_, errEvents := s.EventBridge().ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	_, errLambda := s.Lambda().ListFunctions(ctx, &lambda.ListFunctionsInput{})
	for service, err := range map[string]error{"DynamoDB": errDynamoDB, "S3": errS3, "SQS": errSQS,
		"SSM": errSSM, "EventBridge": errEvents, "Lambda": errLambda} {
		if err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}
