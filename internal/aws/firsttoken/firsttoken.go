// Package firsttoken creates a stack's first bearer token: it invokes the catalog
// function directly, which IAM allows only to administrators of the stack. A token with
// the ability root can create further tokens over the API.
package firsttoken

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"waybill/internal/fault"
)

// Request is the event that the catalog function gets.
type Request struct {
	Mint Mint `json:"mint_token"`
}

// Mint describes the token.
type Mint struct {
	Name      string   `json:"name"`
	Abilities []string `json:"abilities"`
}

// Answer is the catalog function's answer.
type Answer struct {
	// Token is the bearer token, "ID|SECRET". It is stored nowhere.
	Token string `json:"token"`
}

// Invoke asks the function for a token. Denied if IAM or the function refuses.
func Invoke(ctx context.Context, client *lambda.Client, function, name string,
	abilities []string) (string, error) {
	payload, err := json.Marshal(Request{Mint{Name: name, Abilities: abilities}})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "encode the request for a token")
	}
	answer, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(function),
		Payload: payload})
	if err != nil {
		return "", fault.Wrap(err, fault.Denied, "invoke %s", function)
	}
	if answer.FunctionError != nil {
		return "", fault.New(fault.Denied, "%s refused: %s", function, refusal(answer.Payload))
	}
	var minted Answer
	if err := json.Unmarshal(answer.Payload, &minted); err != nil || minted.Token == "" {
		return "", fault.New(fault.Internal, "%s answered no token", function)
	}
	return minted.Token, nil
}

// refusal returns the error text of a failed invocation, which never contains a token.
func refusal(payload []byte) string {
	var said struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &said) != nil || said.Message == "" {
		return fmt.Sprintf("an answer of %d bytes without an error message", len(payload))
	}
	return said.Message
}
