// Package meter counts what a stack's functions ask of AWS: it is a proxy between the
// functions and the emulator. For each request to DynamoDB it also computes the units that
// AWS would charge, because emulators do not charge any.
//
// A meter looks at each item before and after a write, by requests of its own, so it
// counts only on demand, and passes everything on unseen the rest of the time.
package meter

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Call is one request of a function.
type Call struct {
	// Caller is the access key that signed the request. Each function has its own.
	Caller string
	// Service is the service's name in the signature ("dynamodb", "s3", "sqs"), and
	// Operation is the API's name of the request; for S3 it is the method.
	Service, Operation string
	// Path is the bucket and the key of an object, or the URL of a queue.
	Path string
	// Refused says that the service answered with an error, such as a condition that
	// was not met.
	Refused bool
	// Writes are the items that the request writes or checks. ReadUnits are the units of
	// its reads.
	Writes    []Write
	ReadUnits float64
}

// Write is one item in a request.
type Write struct {
	Table string
	Key   Item
	// Before and After are the item at these times, nil if it was not there.
	Before, After Item
	// Units are the write units of the item. IndexUnits are the write units of the table's
	// indexes.
	Units, IndexUnits int
}

// WriteUnits returns the units of all writes of the request.
func (c Call) WriteUnits() int {
	units := 0
	for _, write := range c.Writes {
		units += write.Units + write.IndexUnits
	}
	return units
}

// Meter is a running proxy. It is safe for use by several goroutines.
type Meter struct {
	target   string
	listener net.Listener
	server   http.Server
	client   http.Client
	tables   tables

	mu       sync.Mutex
	counting bool
	calls    []Call
}

// Start starts a meter in front of the emulator at the URL, which need not run yet.
func Start(target string) (*Meter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &Meter{target: target, listener: listener}
	m.client.Transport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64,
		IdleConnTimeout: time.Minute}
	m.tables.send = m.ask
	m.server.Handler = http.HandlerFunc(m.serve)
	go func() { _ = m.server.Serve(listener) }()
	return m, nil
}

// URL is the meter's own URL.
func (m *Meter) URL() string { return "http://" + m.listener.Addr().String() }

// Close stops the meter.
func (m *Meter) Close() error {
	m.client.CloseIdleConnections()
	return m.server.Close()
}

// Begin begins to count.
func (m *Meter) Begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counting, m.calls = true, nil
}

// Calls returns the requests that have been answered since Begin, in that order.
func (m *Meter) Calls() []Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Call(nil), m.calls...)
}

// End ends the counting and returns the requests.
func (m *Meter) End() []Call {
	calls := m.Calls()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counting, m.calls = false, nil
	return calls
}

func (m *Meter) isCounting() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counting
}

func (m *Meter) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the function is gone
	}
	counting := m.isCounting()
	call := callOf(r)
	if call.Service == "sqs" {
		call.Path = queueOf(body)
	}
	var look looks
	if counting && call.Service == "dynamodb" {
		look = m.tables.before(call.Operation, body)
	}
	answer, content, err := m.forward(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if counting {
		call.Refused = answer.StatusCode >= 300
		call.Writes = look.after(call.Refused)
		call.ReadUnits = m.tables.reads(call.Operation, body, content)
		m.mu.Lock()
		m.calls = append(m.calls, call)
		m.mu.Unlock()
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content)
}

// forward sends the request to the emulator. The host stays the meter's, because it is
// signed.
func (m *Meter) forward(r *http.Request, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, m.target+r.RequestURI,
		bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header, request.Host = r.Header.Clone(), r.Host
	answer, err := m.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, content, err
}

// queueOf returns the URL of the queue that a request is about.
func queueOf(body []byte) string {
	var request struct{ QueueUrl string }
	_ = json.Unmarshal(body, &request) // "" if it names none
	return request.QueueUrl
}

// signature matches the caller and the service in the header of a signed request.
var signature = regexp.MustCompile(`Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/`)

func callOf(r *http.Request) Call {
	call := Call{Operation: r.Method}
	if found := signature.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		call.Caller, call.Service = found[1], found[2]
	}
	if _, operation, has := strings.Cut(r.Header.Get("X-Amz-Target"), "."); has {
		call.Operation = operation
	} else {
		call.Path = r.URL.Path
	}
	return call
}
