package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"waybill/internal/aws/outage"
	"waybill/internal/fault"
)

// This file is the only one that reads the SDK's errors.

// refusal is why DynamoDB did not write.
type refusal struct {
	// unmet has the places, within the transaction, of the items whose
	// condition was not met. A write by itself has place 0.
	unmet []int
	// busy says that another transaction was at work on an item.
	busy bool
}

// refused reads a failed write. If it was refused by a condition or another
// transaction, the refusal says so and the error is nil; any other failure
// comes back classified.
func refused(err error) (refusal, error) {
	if err == nil {
		return refusal{}, nil
	}
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return refusal{unmet: []int{0}}, nil
	}
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return refusal{busy: true}, nil
	}
	if _, ok := errors.AsType[*types.TransactionInProgressException](err); ok {
		return refusal{busy: true}, nil
	}
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return refusal{}, classify(err)
	}
	var why refusal
	for place, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			why.unmet = append(why.unmet, place)
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			why.busy = true
		default: // ValidationError is one; only the reason says of what
			return refusal{}, classify(fmt.Errorf("%w: %s", err, aws.ToString(reason.Message)))
		}
	}
	if !why.busy && len(why.unmet) == 0 {
		return refusal{}, classify(err)
	}
	return why, nil
}

// classify makes a fault of any other error of the SDK. An item over 400 KB is
// the user's to repair, and an outage passes; all else is ours. The client
// is told of the first two.
func classify(err error) error {
	if err == nil {
		return nil
	}
	// "Item size has exceeded …", "Item size to update has exceeded …"
	if _, ok := errors.AsType[smithy.APIError](err); ok && strings.Contains(err.Error(), "Item size") {
		return fault.Wrap(err, fault.Invalid, "It is too large: all that is kept of one item must fit into 400 KB.")
	}
	if outage.Is(err) {
		return fault.Wrap(err, fault.Unavailable, "The tables do not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(err, fault.Internal, "DynamoDB failed")
}

// Waits between tries. A transaction holds its items for about 10 ms, and one
// that meets it must come back a little later, at a moment of its own; the
// tries end, at the latest, after about ten seconds.
const (
	minWait  = 10 * time.Millisecond
	maxWait  = 200 * time.Millisecond
	maxTries = 100
)

// retry tries until try says that the matter is settled, fails, or ctx ends.
func retry(ctx context.Context, try func() (settled bool, err error)) error {
	wait := minWait
	for range maxTries {
		settled, err := try()
		if settled || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
		wait = min(2*wait, maxWait)
	}
	return fault.New(fault.Unavailable, "Too many requests change this at once. Try again in a few seconds.")
}
