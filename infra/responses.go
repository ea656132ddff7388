package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// problem is the body of the gateway's own answers. It is like the functions'.
type problem struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

// response is one of the gateway's own answers.
type response struct {
	id      string
	status  int
	message string
	headers *map[string]*string
	kind    func() awsapigateway.ResponseType
}

// ownResponses replace the gateway's own answers with ones like the functions'.
// LocalStack takes the status of each and keeps its own text.
var ownResponses = []response{
	// An unknown path or method. The gateway names this type after its way of
	// signing requests.
	{id: "NotFound", status: http.StatusNotFound, message: "Not found.",
		kind: awsapigateway.ResponseType_MISSING_AUTHENTICATION_TOKEN},
	{id: "TooMany", status: http.StatusTooManyRequests, message: "Too Many Attempts.",
		headers: &map[string]*string{"Retry-After": jsii.String("'1'")},
		kind:    awsapigateway.ResponseType_THROTTLED},
}

func newResponses(
	scope constructs.Construct, rest awsapigateway.SpecRestApi,
) []awsapigateway.GatewayResponse {
	var made []awsapigateway.GatewayResponse
	for _, r := range ownResponses {
		props := &awsapigateway.GatewayResponseProps{
			RestApi:         rest,
			Type:            r.kind(),
			StatusCode:      jsii.String(fmt.Sprint(r.status)),
			Templates:       &map[string]*string{"application/json": jsii.String(r.text())},
			ResponseHeaders: r.headers,
		}
		made = append(made, awsapigateway.NewGatewayResponse(scope, jsii.String(r.id), props))
	}
	return made
}

func responseTexts() []string {
	var texts []string
	for _, r := range ownResponses {
		texts = append(texts, r.text())
	}
	return texts
}

// text is the template of the body.
func (r response) text() string {
	body, _ := json.Marshal(problem{ // texts and a number always encode
		Message:   r.message,
		Type:      "about:blank",
		Title:     http.StatusText(r.status),
		Status:    r.status,
		Detail:    r.message,
		RequestID: "$context.requestId",
	})
	return string(body)
}
