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
	"sync/atomic"
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
	if Throttled(err) {
		return true
	}
	if _, answered := errors.AsType[smithy.APIError](err); answered {
		return false
	}
	_, sending := errors.AsType[*smithyhttp.RequestSendError](err)
	_, network := errors.AsType[net.Error](err)
	_, quota := errors.AsType[ratelimit.QuotaExceededError](err)
	return sending || network || quota || errors.Is(err, errLate) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Throttled reports whether the service refused a call because there were too many of them. That
// is an outage, too. A call that reached the limit of [Bounded] counts if its last try was refused
// so.
func Throttled(err error) bool {
	if errors.Is(err, errThrottled) {
		return true
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	_, throttled := retry.DefaultThrottleErrorCodes[refusal.ErrorCode()]
	return throttled
}

// errThrottled is the cause of a call that reached its time limit while it was throttled.
var errThrottled = errors.New("the service throttles")

// errLate is the cause of a call that exceeded its time limit.
var errLate = errors.New("the service did not answer in time")

// Bounded returns a copy of the configuration with a time limit for each call with all
// its tries. Reading the body of a large answer may take longer: a log is read at the
// speed of its reader.
func Bounded(config aws.Config, limit time.Duration) aws.Config {
	config = config.Copy()
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		// A client that only signs links makes no try.
		if _, tries := stack.Finalize.Get("Retry"); tries {
			if err := stack.Finalize.Insert(noteTry(), "Retry", middleware.After); err != nil {
				return err
			}
		}
		return stack.Initialize.Add(bound(limit), middleware.Before)
	})
	return config
}

// lastTry is the key of the context for whether the last try of a call was throttled.
type lastTry struct{}

// noteTry notes of each try whether it was throttled: a call that reaches its limit between two
// tries returns no error of the service.
func noteTry() middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("NoteTry",
		func(ctx context.Context, in middleware.FinalizeInput,
			next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			if noted, ok := ctx.Value(lastTry{}).(*atomic.Bool); ok {
				noted.Store(err != nil && Throttled(err))
			}
			return out, metadata, err
		})
}

func bound(limit time.Duration) middleware.InitializeMiddleware {
	return middleware.InitializeMiddlewareFunc("Bounded",
		func(ctx context.Context, in middleware.InitializeInput,
			next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			var throttled atomic.Bool
			bounded, cancel := context.WithCancel(context.WithValue(ctx, lastTry{}, &throttled))
			late := time.AfterFunc(limit, cancel)
			out, metadata, err := next.HandleInitialize(bounded, in)
			stopped := late.Stop()
			if err != nil {
				cancel()
			}
			if err != nil && !stopped && ctx.Err() == nil {
				// Only the text: the error itself would say that the caller cancelled.
				err = fmt.Errorf("%w (%s): %s", errLate, limit, err.Error())
				if throttled.Load() {
					err = errors.Join(errThrottled, err)
				}
			}
			return out, metadata, err
		})
}
