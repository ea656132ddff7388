// Package outage distinguishes an outage of an AWS service from its answers, and limits
// the time of a call. Every adapter uses it for the errors of its SDK, so an outage is
// Unavailable everywhere.
package outage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Is reports whether a call failed because the service is unreachable, fails or
// throttles, so that the same call may succeed a little later. A call that its caller
// cancelled is not an outage.
func Is(err error) bool {
	if _, cancelled := errors.AsType[*smithy.CanceledError](err); cancelled {
		return false
	}
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok &&
		answer.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		_, throttled := retry.DefaultThrottleErrorCodes[refusal.ErrorCode()]
		return throttled
	}
	_, sending := errors.AsType[*smithyhttp.RequestSendError](err)
	_, network := errors.AsType[net.Error](err)
	_, quota := errors.AsType[ratelimit.QuotaExceededError](err)
	return sending || network || quota || errors.Is(err, errLate) || errors.Is(err, io.ErrUnexpectedEOF)
}

// errLate is the cause of a call that exceeded its time limit.
var errLate = errors.New("the service did not answer in time")

// Bounded returns a copy of the configuration with a time limit for each call with all
// its tries. Reading the body of a large answer may take longer: a log is read at the
// speed of its reader.
func Bounded(config aws.Config, limit time.Duration) aws.Config {
	config = config.Copy()
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(bound(limit), middleware.Before)
	})
	return config
}

func bound(limit time.Duration) middleware.InitializeMiddleware {
	return middleware.InitializeMiddlewareFunc("Bounded",
		func(ctx context.Context, in middleware.InitializeInput,
			next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			bounded, cancel := context.WithCancel(ctx)
			late := time.AfterFunc(limit, cancel)
			out, metadata, err := next.HandleInitialize(bounded, in)
			stopped := late.Stop()
			if err != nil {
				cancel()
			}
			if err != nil && !stopped && ctx.Err() == nil {
				// Only the text: the error itself would say that the caller cancelled.
				err = fmt.Errorf("%w (%s): %s", errLate, limit, err.Error())
			}
			return out, metadata, err
		})
}
