package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/fault"
)

// cancelled is the SDK's error of a transaction with one reason an item.
func cancelled(codes ...string) error {
	var reasons []types.CancellationReason
	for _, code := range codes {
		reason := types.CancellationReason{Code: aws.String(code)}
		reasons = append(reasons, reason)
	}
	text := fmt.Sprintf("Transaction cancelled, please refer cancellation reasons for specific reasons %v",
		codes)
	return fmt.Errorf("operation error: %w", &types.TransactionCanceledException{Message: &text,
		CancellationReasons: reasons})
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		unmet []int
		busy  bool
		kind  error
	}{
		{"a condition that is not met", &types.ConditionalCheckFailedException{}, []int{0}, false, nil},
		{"another transaction on the item", &types.TransactionConflictException{}, nil, true, nil},
		{"the same transaction still at work", &types.TransactionInProgressException{}, nil, true, nil},
		{"a transaction with two conditions not met",
			cancelled("None", "ConditionalCheckFailed", "ConditionalCheckFailed"), []int{1, 2}, false, nil},
		{"a transaction that met another", cancelled("TransactionConflict", "None"), nil, true, nil},
		{"both", cancelled("TransactionConflict", "ConditionalCheckFailed"), []int{1}, true, nil},
		{"a transaction that was throttled", cancelled("None", "ThrottlingError"), nil, true, nil},
		{"a transaction with a wrong request", cancelled("None", "AccessDenied"), nil, false, fault.Internal},
		{"a transaction without reasons", cancelled(), nil, false, fault.Internal},
		{"any other answer", &smithy.GenericAPIError{Code: "AccessDeniedException",
			Message: "not authorized"}, nil, false, fault.Internal},
		{"an unknown failure", errors.New("out of paper"), nil, false, fault.Internal},
		{"no answer", &smithyhttp.RequestSendError{Err: errors.New("connection refused")}, nil, false,
			fault.Unavailable},
		{"too much at once", &types.ProvisionedThroughputExceededException{}, nil, false, fault.Unavailable},
		{"a cancelled context", &smithy.CanceledError{Err: context.Canceled}, nil, false, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			unmet, busy, err := dynamostore.Refused(c.err)
			if !slices.Equal(unmet, c.unmet) || busy != c.busy {
				t.Errorf("unmet %v, busy %v; want %v, %v", unmet, busy, c.unmet, c.busy)
			}
			if !errors.Is(err, c.kind) {
				t.Errorf("error = %v, want %v", err, c.kind)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	t.Run("it waits a little, and tries until the matter is settled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start, tries := time.Now(), 0
			err := dynamostore.Retry(t.Context(), func() (bool, error) {
				tries++
				return tries == 10, nil
			})
			if waited := time.Since(start); err != nil || tries != 10 || waited > 2*time.Second {
				t.Errorf("%d tries in %s: %v", tries, waited, err)
			}
		})
	})
	t.Run("an error ends it", func(t *testing.T) {
		want := errors.New("broken")
		if err := dynamostore.Retry(t.Context(), func() (bool, error) { return false, want }); err != want {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("the context ends it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := dynamostore.Retry(ctx, func() (bool, error) { return false, nil })
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v", err)
			}
		})
	})
	t.Run("it gives up in the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := dynamostore.Retry(t.Context(), func() (bool, error) { return false, nil })
			if waited := time.Since(start); !errors.Is(err, fault.Unavailable) || waited > 25*time.Second {
				t.Errorf("after %s: %v", waited, err)
			}
		})
	})
}

func TestNames(t *testing.T) {
	got := dynamostore.Names("app0", "SET #queue[3] = :id, #running.#this = :now",
		"size(#queue) < #definition.#queue_limit")
	want := map[string]string{"#queue": "queue", "#running": "running", "#this": "app0",
		"#definition": "definition", "#queue_limit": "queue_limit"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("names (-got +want):\n%s", diff)
	}
}
