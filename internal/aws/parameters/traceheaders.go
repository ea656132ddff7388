package parameters

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"waybill/internal/tracing"
)

// TraceHeaders is one encrypted parameter, PATH/tracing/headers, which an operator writes. It is
// safe for use by several goroutines. No error of it contains the headers.
type TraceHeaders struct {
	client *ssm.Client
	name   string
}

var _ tracing.Headers = (*TraceHeaders)(nil)

// OpenTraceHeaders returns the headers below the path, and makes a client for them.
func OpenTraceHeaders(config aws.Config, path string) *TraceHeaders {
	return &TraceHeaders{ssm.NewFromConfig(config), path + "/tracing/headers"}
}

// Load reads the parameter. Without one it returns "".
func (h *TraceHeaders) Load(ctx context.Context) (string, error) {
	got, err := h.client.GetParameters(ctx,
		&ssm.GetParametersInput{Names: []string{h.name}, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", explained(err, "read the headers of traces")
	}
	if len(got.Parameters) == 0 {
		return "", nil
	}
	return aws.ToString(got.Parameters[0].Value), nil
}
