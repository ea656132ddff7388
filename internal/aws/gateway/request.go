package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waybill/internal/fault"
)

// requestIDHeader passes the request's id to the handler. A client's header of this name
// is replaced: ids are unique only if a single party creates them.
const requestIDHeader = "X-Request-Id"

// baseHeader passes the address of the API to the handler, without a slash at its end. A client's
// header of this name is dropped.
const baseHeader = "X-Waybill-Base"

// newRequest converts the event to the request that net/http would give to a handler.
// The body comes as base64, because the API declares every type as binary. Invalid if the
// event is malformed.
func newRequest(ctx context.Context, e *events.APIGatewayProxyRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The body of the request is not valid base64.")
		}
		body = decoded
	}
	r, err := http.NewRequestWithContext(ctx, e.HTTPMethod, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The method of the request is invalid.")
	}
	r.URL = location(e)
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = e.RequestContext.Identity.SourceIP
	r.Header = header(e)
	r.Host = r.Header.Get("Host")
	return r, nil
}

// location returns the path within the API, and the query. API Gateway decodes the
// query, but not the path.
func location(e *events.APIGatewayProxyRequest) *url.URL {
	path := apiPath(e)
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	query := url.Values(e.MultiValueQueryStringParameters)
	if len(query) == 0 {
		query = url.Values{}
		for name, value := range e.QueryStringParameters {
			query.Set(name, value)
		}
	}
	return &url.URL{Path: path, RawQuery: query.Encode()}
}

// apiPath returns the path without the base path of a custom domain, which API Gateway
// leaves in it, sometimes with the stage. Nothing in the event says where the base path
// ends, but the resource says how many segments are the API's own.
func apiPath(e *events.APIGatewayProxyRequest) string {
	if e.Resource == "" {
		return e.Path
	}
	own := segments(e.Resource)
	count := len(own)
	if count > 0 && strings.HasSuffix(own[count-1], greedy) {
		name := strings.Trim(own[count-1], "{+}")
		count += len(segments(e.PathParameters[name])) - 1
	}
	all := segments(e.Path)
	if len(all) <= count {
		return e.Path
	}
	return "/" + strings.Join(all[len(all)-count:], "/")
}

// base returns the address of the API: its domain, and the stage or the base path of a custom
// domain, which the context's path has before the path of the API. It is "" if the gateway does not
// say its domain, as emulators do, whose own address leads elsewhere.
func base(e *events.APIGatewayProxyRequest) string {
	prefix, found := strings.CutSuffix(e.RequestContext.Path, apiPath(e))
	if e.RequestContext.DomainName == "" || !found {
		return ""
	}
	return "https://" + e.RequestContext.DomainName + prefix
}

// greedy ends the name of a parameter that stands for all segments to the path's end.
const greedy = "+}"

// segments splits a path. API Gateway, too, takes doubled slashes for one.
func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func header(e *events.APIGatewayProxyRequest) http.Header {
	all := http.Header{}
	for name, values := range e.MultiValueHeaders {
		for _, value := range values {
			all.Add(name, value)
		}
	}
	if len(e.MultiValueHeaders) == 0 {
		for name, value := range e.Headers {
			all.Set(name, value)
		}
	}
	all.Del(baseHeader)
	if base := base(e); base != "" {
		all.Set(baseHeader, base)
	}
	all.Del(requestIDHeader)
	if id := e.RequestContext.RequestID; id != "" {
		all.Set(requestIDHeader, id)
	}
	return all
}
