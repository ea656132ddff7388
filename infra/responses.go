package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// problem is the body of what the gateway answers by itself, in the form in
// which the functions answer.
type problem struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

// newResponses words the gateway's own answers. LocalStack knows the status
// of each and keeps to words of its own.
func newResponses(scope constructs.Construct, rest awsapigateway.SpecRestApi) []awsapigateway.GatewayResponse {
	return []awsapigateway.GatewayResponse{
		// A path or a method that there is not. The gateway's own name for it
		// comes from its way of signing requests.
		newResponse(scope, rest, "NotFound", awsapigateway.ResponseType_MISSING_AUTHENTICATION_TOKEN(),
			http.StatusNotFound, "Not found.", nil),
		newResponse(scope, rest, "TooMany", awsapigateway.ResponseType_THROTTLED(),
			http.StatusTooManyRequests, "Too Many Attempts.", &map[string]*string{"Retry-After": jsii.String("'1'")}),
	}
}

func newResponse(scope constructs.Construct, rest awsapigateway.SpecRestApi, id string, kind awsapigateway.ResponseType,
	status int, message string, headers *map[string]*string,
) awsapigateway.GatewayResponse {
	body, _ := json.Marshal(problem{ // texts and a number always encode
		Message: message, Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: message,
		RequestID: *awsapigateway.AccessLogField_ContextRequestId(),
	})
	return awsapigateway.NewGatewayResponse(scope, jsii.String(id), &awsapigateway.GatewayResponseProps{
		RestApi:         rest,
		Type:            kind,
		StatusCode:      jsii.String(fmt.Sprint(status)),
		Templates:       &map[string]*string{"application/json": jsii.String(string(body))},
		ResponseHeaders: headers,
	})
}
