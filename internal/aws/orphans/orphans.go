// Package orphans lists the logs of a stack that have no record, and removes them: it
// invokes the dispatch function directly, which IAM allows only to administrators of the
// stack.
package orphans

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"waybill/internal/fault"
)

// Request is the event that the dispatch function gets.
type Request struct {
	Orphans Page `json:"orphans"`
}

// Page asks for a page of logs. After is the Next of the previous one.
type Page struct {
	Remove bool   `json:"remove"`
	After  string `json:"after"`
}

// Answer is the dispatch function's answer.
type Answer struct {
	Orphans []Orphan `json:"orphans"`
	Next    string   `json:"next"`
}

// Orphan is a log without a record.
type Orphan struct {
	Log     string    `json:"log"`
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Newest  time.Time `json:"newest"`
}

// Each calls found for each orphan, after it was removed if remove is true. Denied if IAM
// or the function refuses.
func Each(ctx context.Context, client *lambda.Client, function string, remove bool,
	found func(Orphan)) error {
	for after := ""; ; {
		payload, err := json.Marshal(Request{Page{Remove: remove, After: after}})
		if err != nil {
			return fault.Wrap(err, fault.Internal, "encode the request for orphans")
		}
		answered, err := client.Invoke(ctx,
			&lambda.InvokeInput{FunctionName: aws.String(function), Payload: payload})
		if err != nil {
			return fault.Wrap(err, fault.Denied, "invoke %s", function)
		}
		if answered.FunctionError != nil {
			return fault.New(fault.Denied, "%s refused: %s", function, answered.Payload)
		}
		var answer Answer
		if err := json.Unmarshal(answered.Payload, &answer); err != nil {
			return fault.Wrap(err, fault.Internal, "read the answer of %s", function)
		}
		for _, orphan := range answer.Orphans {
			found(orphan)
		}
		if after = answer.Next; after == "" {
			return nil
		}
	}
}
