package dynamostore

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/outage"
	"waybill/internal/fault"
)

// This file is the only one that interprets errors of the SDK.

// refusal is why DynamoDB did not write.
type refusal struct {
	// unmet lists the writes whose condition was not met, by their place in the
	// transaction. A single write has place 0.
	unmet []int
	// busy says that another transaction was working on an item.
	busy bool
}

// refused interprets the error of a write. If a condition or another transaction
// refused it, the error is nil and the refusal has the reason. Any other error is
// returned classified.
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
		default: // such as ValidationError; the details are in the reason only
			return refusal{}, classify(fmt.Errorf("%w: %s", err, aws.ToString(reason.Message)))
		}
	}
	if !why.busy && len(why.unmet) == 0 {
		return refusal{}, classify(err)
	}
	return why, nil
}

// classify makes a fault of any other error of the SDK. The client is told of an
// outage, which passes; every other error is internal.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if outage.Is(err) {
		return fault.Wrap(err, fault.Unavailable, "The tables do not answer at present. Try again in a "+
			"few seconds.")
	}
	return fault.Wrap(err, fault.Internal, "DynamoDB failed")
}
