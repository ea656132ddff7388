package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/gateway"
)

// request is an event with the parts that a test does not care about.
func request(change func(*events.APIGatewayProxyRequest)) events.APIGatewayProxyRequest {
	e := events.APIGatewayProxyRequest{
		HTTPMethod:        "GET",
		Path:              "/api/v1/servers",
		MultiValueHeaders: map[string][]string{"Host": {"api.example.com"}, "accept": {"text/plain", "*/*"}},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "request-1",
			Identity: events.APIGatewayRequestIdentity{SourceIP: "203.0.113.7"}},
	}
	if change != nil {
		change(&e)
	}
	return e
}

// serve lets the handler answer an event, and returns the answer decoded.
func serve(t *testing.T, e events.APIGatewayProxyRequest,
	handler http.HandlerFunc) events.APIGatewayProxyResponse {
	t.Helper()
	log := &logged{}
	var response events.APIGatewayProxyResponse
	answer, err := gateway.New(log.logger(), gateway.Handlers{HTTP: handler}).Invoke(t.Context(),
		encoded(t, e))
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatal(err)
	}
	return response
}

func TestARequestIsWhatNetHTTPWouldGive(t *testing.T) {
	e := request(func(e *events.APIGatewayProxyRequest) {
		e.HTTPMethod, e.Body = "POST", `{"name":"ü"}`
		e.MultiValueQueryStringParameters = map[string][]string{"tag": {"a b", "c&d"}, "skip": {"0"}}
	})
	serve(t, e, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := map[string]any{"method": r.Method, "path": r.URL.Path, "query": r.URL.Query(),
			"uri": r.RequestURI, "host": r.Host,
			"accept": r.Header["Accept"], "from": r.RemoteAddr, "body": string(body),
			"length": r.ContentLength, "id": r.Header.Get("X-Request-Id")}
		want := map[string]any{"method": "POST", "path": "/api/v1/servers",
			"query": url.Values{"tag": {"a b", "c&d"}, "skip": {"0"}},
			"uri":   "/api/v1/servers?skip=0&tag=a+b&tag=c%26d", "host": "api.example.com",
			"accept": []string{"text/plain", "*/*"}, "from": "203.0.113.7", "body": `{"name":"ü"}`,
			"length": int64(13), "id": "request-1"}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("request (-got +want):\n%s", diff)
		}
	})
}

func TestSingleValuesServeWhereThereAreNoMultiple(t *testing.T) {
	e := request(func(e *events.APIGatewayProxyRequest) {
		e.MultiValueHeaders, e.Headers = nil, map[string]string{"authorization": "Bearer x"}
		e.QueryStringParameters = map[string]string{"after": "7"}
	})
	serve(t, e, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" || r.URL.Query().Get("after") != "7" {
			t.Errorf("header %v and query %v, want both from the single values", r.Header, r.URL.Query())
		}
	})
}

func TestPathsComeDecodedAndWhole(t *testing.T) {
	for sent, want := range map[string]string{
		"/api/v1/a%20b": "/api/v1/a b",
		"/api/v1/50%":   "/api/v1/50%",
		"//api//v1/":    "//api//v1/",
		"":              "",
	} {
		serve(t, request(func(e *events.APIGatewayProxyRequest) { e.Path = sent }),
			func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path != want || r.URL.Host != "" {
					t.Errorf("path %q became %q on host %q, want %q", sent, r.URL.Path, r.URL.Host, want)
				}
			})
	}
}

// TestTheBasePathOfADomainIsCut has the events that API Gateway sends for a custom
// domain: with a base path, and with mappings that name no stage, where the stage is in
// the path, too.
func TestTheBasePathOfADomainIsCut(t *testing.T) {
	uuid := map[string]string{"uuid": "svc1"}
	for _, c := range []struct {
		name, resource, path string
		parameters           map[string]string
		want                 string
	}{
		{"without a domain", "/api/v1/services/{uuid}", "/api/v1/services/svc1", uuid,
			"/api/v1/services/svc1"},
		{"with a base path", "/api/v1/services/{uuid}", "/base/api/v1/services/svc1", uuid,
			"/api/v1/services/svc1"},
		{"with a base path like the API's", "/api/v1/services/{uuid}", "/api/v1/api/v1/services/svc1", uuid,
			"/api/v1/services/svc1"},
		{"with a long base path and the stage", "/api/v1/services/{uuid}", "/a/b/live/api/v1/services/svc1",
			uuid, "/api/v1/services/svc1"},
		{"with a base path and a slash at the end", "/api/v1/servers", "/base/api/v1/servers/", nil,
			"/api/v1/servers"},
		{"with doubled slashes alone", "/api/v1/servers", "//api//v1/servers/", nil, "//api//v1/servers/"},
		{"unknown, without a domain", "/{proxy+}", "/a/b", map[string]string{"proxy": "a/b"}, "/a/b"},
		{"unknown, with a base path", "/{proxy+}", "/base/a/b", map[string]string{"proxy": "a/b"}, "/a/b"},
		{"unknown, with an encoded slash", "/{proxy+}", "/a%2Fb", map[string]string{"proxy": "a/b"}, "/a/b"},
		{"the root", "/", "/", nil, "/"},
		{"the root, with a base path", "/", "/base", nil, "/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := request(func(e *events.APIGatewayProxyRequest) {
				e.Resource, e.Path, e.PathParameters = c.resource, c.path, c.parameters
			})
			serve(t, e, func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path != c.want {
					t.Errorf("path %q became %q, want %q", c.path, r.URL.Path, c.want)
				}
			})
		})
	}
}

// TestTheAddressOfTheAPIComesFromTheGateway has the contexts that API Gateway sends.
func TestTheAddressOfTheAPIComesFromTheGateway(t *testing.T) {
	const own = "/api/v1/services/svc1"
	for _, c := range []struct{ name, domain, context, path, want string }{
		{"its own domain", "x.execute-api.eu-west-1.amazonaws.com", "/live" + own, own,
			"https://x.execute-api.eu-west-1.amazonaws.com/live"},
		{"a custom domain", "api.example.com", own, own, "https://api.example.com"},
		{"a base path", "api.example.com", "/blue" + own, "/blue" + own, "https://api.example.com/blue"},
		{"no domain", "", "/live" + own, own, ""},
		{"another path", "api.example.com", "/live/other", own, ""},
	} {
		e := request(func(e *events.APIGatewayProxyRequest) {
			e.Resource, e.Path = "/api/v1/services/{uuid}", c.path
			e.RequestContext.DomainName, e.RequestContext.Path = c.domain, c.context
			e.MultiValueHeaders["x-waybill-base"] = []string{"https://evil.example.com"}
		})
		serve(t, e, func(_ http.ResponseWriter, r *http.Request) {
			if got := strings.Join(r.Header.Values("X-Waybill-Base"), ","); got != c.want {
				t.Errorf("%s: base %q, want %q", c.name, got, c.want)
			}
		})
	}
}

func TestAClientCannotChooseTheRequestID(t *testing.T) {
	for given, want := range map[string]string{"request-1": "request-1", "": ""} {
		e := request(func(e *events.APIGatewayProxyRequest) {
			e.RequestContext.RequestID = given
			e.MultiValueHeaders["x-request-id"] = []string{"forged", "twice"}
		})
		serve(t, e, func(_ http.ResponseWriter, r *http.Request) {
			if got := strings.Join(r.Header.Values("X-Request-Id"), ","); got != want {
				t.Errorf("request id %q, want %q", got, want)
			}
		})
	}
}

func TestBytesComeThroughBothWays(t *testing.T) {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	for name, body := range map[string][]byte{"every byte": all,
		"text": []byte("a \"quoted\" <line>\n\u2028\x00ü"), "none": nil} {
		t.Run(name, func(t *testing.T) {
			e := request(func(e *events.APIGatewayProxyRequest) {
				e.HTTPMethod, e.Body, e.IsBase64Encoded = "POST", base64.StdEncoding.EncodeToString(body),
					true
			})
			response := serve(t, e, func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(w, r.Body); err != nil {
					t.Error(err)
				}
			})
			got := []byte(response.Body)
			if response.IsBase64Encoded {
				var err error
				if got, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, body) {
				t.Errorf("%d bytes came back, want the %d that were sent", len(got), len(body))
			}
			if response.IsBase64Encoded != (name == "every byte") {
				t.Errorf("base64 is %v; text goes as it is, and only text", response.IsBase64Encoded)
			}
		})
	}
}

func TestWhatIsCompressedGoesAsBytes(t *testing.T) {
	response := serve(t, request(nil), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "looks like text")
	})
	body, err := base64.StdEncoding.DecodeString(response.Body)
	if !response.IsBase64Encoded || err != nil || string(body) != "looks like text" {
		t.Errorf("a compressed answer went as %q, base64 %v", response.Body, response.IsBase64Encoded)
	}
	if got := response.MultiValueHeaders["Content-Encoding"]; !slices.Equal(got, []string{"gzip"}) {
		t.Errorf("its encoding is %v, want gzip", got)
	}
}

func TestAnAnswerHasItsStatusAndHeaders(t *testing.T) {
	response := serve(t, request(nil), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Content-Length", "2")
		w.Header().Add("Link", "one")
		w.Header().Add("Link", "two")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTooManyRequests)
		w.Header().Set("Late", "not sent")
		w.WriteHeader(http.StatusOK)
		fmt.Fprint(w, "{}")
	})
	want := events.APIGatewayProxyResponse{
		StatusCode: http.StatusTooManyRequests,
		MultiValueHeaders: map[string][]string{"Content-Type": {"application/problem+json"},
			"Link": {"one", "two"}},
		Body: "{}",
	}
	if diff := cmp.Diff(response, want); diff != "" {
		t.Errorf("answer (-got +want):\n%s", diff)
	}
	silent := serve(t, request(nil), func(http.ResponseWriter, *http.Request) {})
	if silent.StatusCode != http.StatusOK {
		t.Errorf("a handler that says nothing answers %d, want 200", silent.StatusCode)
	}
}

func TestARequestThatCannotBeReadIs400(t *testing.T) {
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"broken base64": func(e *events.APIGatewayProxyRequest) { e.Body, e.IsBase64Encoded = "%%%", true },
		"broken method": func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "GE T" },
	} {
		response := serve(t, request(change), func(http.ResponseWriter,
			*http.Request) {
			t.Errorf("%s reached the handler", name)
		})
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s answers %d %s, want 400", name, response.StatusCode, response.Body)
		}
		isProblem(t, response)
	}
}

// isProblem holds an answer to the form of all errors.
func isProblem(t *testing.T, response events.APIGatewayProxyResponse) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
		t.Fatalf("%v: %.300s", err, response.Body)
	}
	want := map[string]any{
		"message": got["message"], "type": "about:blank", "title": http.StatusText(response.StatusCode),
		"status": float64(response.StatusCode), "detail": got["message"], "request_id": "request-1",
	}
	if diff := cmp.Diff(got, want); diff != "" || got["message"] == "" {
		t.Errorf("problem (-got +want):\n%s", diff)
	}
}

// TestAnAnswerThatLambdaWouldNotTake has bodies that grow in JSON, or as base64: the
// encoded answer counts.
func TestAnAnswerThatLambdaWouldNotTake(t *testing.T) {
	for _, c := range []struct {
		name, unit string
		bytes      int
		status     int
	}{
		{"letters that fit", "x", 5_400_000, http.StatusOK},
		{"letters", "x", 5_600_000, http.StatusInternalServerError},
		{"quotes that fit", `"`, 2_700_000, http.StatusOK},
		{"quotes", `"`, 2_800_000, http.StatusInternalServerError},
		{"ESC that fits", "\x1b", 900_000, http.StatusOK},
		{"ESC", "\x1b", 930_000, http.StatusInternalServerError},
		{"bytes that fit", "\xff", 4_000_000, http.StatusOK},
		{"bytes", "\xff", 4_200_000, http.StatusInternalServerError},
	} {
		t.Run(c.name, func(t *testing.T) {
			response := serve(t, request(nil), func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, strings.Repeat(c.unit, c.bytes))
			})
			if response.StatusCode != c.status {
				t.Errorf("%d bytes answer %d, want %d", c.bytes, response.StatusCode, c.status)
			}
			if c.status != http.StatusOK && !strings.Contains(response.Body, "limit") {
				t.Errorf("%.300s does not say what to do", response.Body)
			}
			if c.status != http.StatusOK {
				isProblem(t, response)
			}
		})
	}
}

func TestAPanicIsLoggedOnceAndAnswered(t *testing.T) {
	const secret = "correct-horse-battery-staple"
	for name, thrown := range map[string]func(){
		"a runtime error": func() { var none []int; none[len(secret)]++ },
		"a text":          func() { panic(secret) },
		"an error":        func() { panic(errors.New(secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			log := &logged{}
			e := request(func(e *events.APIGatewayProxyRequest) { e.Body = secret })
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, "half an answer with "+secret)
				thrown()
			})
			answer, err := gateway.New(log.logger(), gateway.Handlers{HTTP: handler}).Invoke(t.Context(),
				encoded(t, e))
			if err != nil {
				t.Fatal(err)
			}
			var response events.APIGatewayProxyResponse
			if err := json.Unmarshal(answer, &response); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusInternalServerError ||
				bytes.Contains(answer, []byte(secret)) {
				t.Error("the answer is no plain 500")
			}
			isProblem(t, response)
			lines := log.lines(t)
			if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["request_id"] != "request-1" {
				t.Fatalf("logged %d lines, want one error with the request's id", len(lines))
			}
			if stack, _ := lines[0]["stack"].(string); !strings.Contains(stack, "http_test.go") {
				t.Error("the stack does not lead to the panic")
			}
			if strings.Contains(log.String(), secret) {
				t.Error("the log shows what was thrown or sent")
			}
		})
	}
}
