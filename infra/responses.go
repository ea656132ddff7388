package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"waybill/internal/problem"
)

// gatewayResponse is one of the gateway's own answers.
type gatewayResponse struct {
	status  int
	message string
	// retryAfter is a number of seconds, "" where the same request will fail again.
	retryAfter string
}

// gatewayResponses replace the gateway's own answers by ones like the functions'. The
// keys are API Gateway's names. The two defaults stand for all types that are not here.
// They have a status, because the body must say one, and the gateway fills in none.
var gatewayResponses = map[string]gatewayResponse{
	// A method that is not even in [anyMethod]. The gateway names this type after its
	// way of signing requests.
	"MISSING_AUTHENTICATION_TOKEN": {status: http.StatusNotFound, message: "Not found."},
	"RESOURCE_NOT_FOUND":           {status: http.StatusNotFound, message: "Not found."},
	"REQUEST_TOO_LARGE": {
		status: http.StatusRequestEntityTooLarge, message: "The request is too large.",
	},
	"THROTTLED": {
		status: http.StatusTooManyRequests, message: "Too Many Attempts.", retryAfter: "1",
	},
	"QUOTA_EXCEEDED": {
		status: http.StatusTooManyRequests, message: "Too Many Attempts.", retryAfter: "60",
	},
	// The policy of the API, which the options allow-cidrs and private-endpoint make.
	"ACCESS_DENIED": {
		status: http.StatusForbidden, message: "Requests from this network are not allowed.",
	},
	"WAF_FILTERED": {status: http.StatusForbidden, message: "A firewall refused the request."},
	"INTEGRATION_TIMEOUT": {
		status: http.StatusGatewayTimeout, message: "The request took too long.", retryAfter: "5",
	},
	"INTEGRATION_FAILURE": {
		status: http.StatusGatewayTimeout, message: "The API did not answer.", retryAfter: "5",
	},
	"DEFAULT_4XX": {status: http.StatusBadRequest, message: "The API gateway refused the request."},
	"DEFAULT_5XX": {status: http.StatusInternalServerError, message: "The API gateway failed."},
}

// responsesExtension returns the answers as OpenAPI's extension has them. As resources
// of their own they would vanish when the document is imported again, and no change of
// theirs would make a deployment.
func responsesExtension() map[string]any {
	extension := map[string]any{}
	for kind, response := range gatewayResponses {
		extension[kind] = response.extension()
	}
	return extension
}

func (r gatewayResponse) extension() map[string]any {
	// The gateway's own texts stand in quotes.
	headers := map[string]any{"gatewayresponse.header.Cache-Control": "'no-store'"}
	if r.retryAfter != "" {
		headers["gatewayresponse.header.Retry-After"] = "'" + r.retryAfter + "'"
	}
	return map[string]any{
		"statusCode":         fmt.Sprint(r.status),
		"responseParameters": headers,
		"responseTemplates":  map[string]any{"application/json": r.template()},
	}
}

// template is the template of the body.
func (r gatewayResponse) template() string {
	body, _ := json.Marshal(problem.New(r.status, r.message, "$context.requestId")) // it always encodes
	return string(body)
}
