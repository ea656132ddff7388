package rest

import (
	"context"
	"net/http"
)

// pending stands in for the endpoints that are being written.
func pending(endpoints map[string]endpoint, ids ...string) map[string]endpoint {
	for _, id := range ids {
		endpoints[id] = func(context.Context, *call) (answer, error) {
			return answer{}, &refusal{status: http.StatusNotImplemented, text: "Not implemented yet."}
		}
	}
	return endpoints
}
