package e2e_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"waybill/internal/openapi"
	"waybill/internal/openapi/document"
	"waybill/internal/openapi/schema"
)

// described is the transport of every test. It checks each answer of the stack against
// openapi.yaml: the status and the media type must be described, and the body must match
// and have no other fields. An answer that is not as described fails the request, and the
// whole run, in case that the test expected a failure.
type described struct {
	next    http.RoundTripper
	router  openapi.Router
	answers *schema.Answers

	mu sync.Mutex
	// api is the address of the API. Before the stack is deployed it is empty, and nothing
	// is checked.
	api     string
	checked int
	wrong   []error
}

// transport checks the answers of all tests: [http.DefaultTransport] is what the tests and
// their client use.
var transport = checkAnswers()

func checkAnswers() *described {
	answers, err := schema.NewAnswers(document.JSON)
	if err != nil {
		panic(err)
	}
	checking := &described{
		next: http.DefaultTransport, router: openapi.NewRouter(openapi.Routes()), answers: answers,
	}
	http.DefaultTransport = checking
	return checking
}

// of begins to check the answers of the API at the address.
func (d *described) of(api string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.api = api
}

// report says how many answers were checked, and which were wrong.
func (d *described) report() (checked int, wrong []error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.checked, d.wrong
}

// RoundTrip sends a request and checks its answer.
func (d *described) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	api := d.api
	d.mu.Unlock()
	path, ours := strings.CutPrefix(r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath(), api)
	if api == "" || !ours || r.Method == http.MethodHead {
		return answer, nil
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	err = d.check(r.Method, path, answer, body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checked++
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%.2000s", r.Method, path, err, body)
		d.wrong = append(d.wrong, err)
		return nil, err
	}
	return answer, nil
}

func (d *described) check(method, path string, answer *http.Response, body []byte) error {
	if answer.Header.Get("Content-Encoding") == "gzip" {
		reader, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(reader); err != nil {
			return err
		}
	}
	found, _, known := d.router.Find(path)
	route, takes := found.Route(method)
	status, contentType := answer.StatusCode, answer.Header.Get("Content-Type")
	switch {
	case known && takes:
		return d.answers.Check(route.ID, status, contentType, body)
	case known && status != http.StatusMethodNotAllowed, !known && status != http.StatusNotFound:
		return fmt.Errorf("a request that openapi.yaml does not have is answered %d", status)
	}
	return d.answers.Check("getServer", http.StatusNotFound, contentType, body) // the form of all errors
}

func TestAnAnswerThatIsNotDescribedFailsItsRequest(t *testing.T) {
	const problem = `{"message":"m","type":"about:blank","title":"t","status":404,"detail":"m"}`
	for _, c := range []struct {
		name, method, path, contentType, body string
		status                                int
		wrong                                 string
	}{
		{
			name:   "as described",
			method: "GET", path: "/api/v1/health", contentType: "text/plain; charset=utf-8",
			body: "OK", status: 200,
		},
		{
			name:   "another body",
			method: "GET", path: "/api/v1/health", contentType: "text/plain", body: "ok", status: 200,
			wrong: "not as described",
		},
		{
			name:   "a status that the route does not have",
			method: "GET", path: "/api/v1/health", contentType: "application/json", body: problem,
			status: 404, wrong: "no answer 404",
		},
		{
			name:   "an unknown path",
			method: "GET", path: "/api/v1/nothing", contentType: "application/json", body: problem,
			status: 404,
		},
		{
			name:   "an unknown path that is answered",
			method: "GET", path: "/api/v1/nothing", contentType: "application/json", body: "{}",
			status: 200, wrong: "answered 200",
		},
		{
			name:   "a method that the path does not have",
			method: "PUT", path: "/api/v1/health", contentType: "application/json", body: "{}",
			status: 405, wrong: "not as described",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := &http.Response{StatusCode: c.status, Header: http.Header{}}
			answer.Header.Set("Content-Type", c.contentType)
			err := transport.check(c.method, c.path, answer, []byte(c.body))
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(),
				c.wrong)) {
				t.Errorf("error = %v, want one with %q", err, c.wrong)
			}
		})
	}
}
