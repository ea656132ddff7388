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
	if !response.IsBase64Encoded {
		t.Error("a compressed answer went as text")
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
	if silent := serve(t, request(nil), func(http.ResponseWriter,
		*http.Request) {
	}); silent.StatusCode != http.StatusOK {
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
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(response.Body, `"message"`) {
			t.Errorf("%s answers %d %s, want 400 with a message", name, response.StatusCode, response.Body)
		}
	}
}

// TestAnAnswerThatLambdaWouldNotTake has text that doubles in JSON, as a page
// of log lines may.
func TestAnAnswerThatLambdaWouldNotTake(t *testing.T) {
	for size, want := range map[int]int{1 << 20: http.StatusOK, 4 << 20: http.StatusInternalServerError} {
		response := serve(t, request(nil), func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat(`"`, size))
		})
		if response.StatusCode != want {
			t.Errorf("%d quotes answer %d, want %d", size, response.StatusCode, want)
		}
		if want != http.StatusOK && !strings.Contains(response.Body, "limit") {
			t.Errorf("%s does not say what to do", response.Body)
		}
	}
}

func TestAPanicIsLoggedOnceAndAnswered(t *testing.T) {
	const secret = "correct-horse-battery-staple"
	for name, thrown := range map[string]func(){
		"a runtime error": func() { var m map[string]int; m["x"] = 1 },
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
			if !bytes.Contains(answer, []byte(`"statusCode":500`)) || bytes.Contains(answer, []byte(secret)) {
				t.Error("the answer is no plain 500")
			}
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
