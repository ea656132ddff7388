package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// wiretap stands between a client and DynamoDB. It counts requests, lets a
// test do something at the moment before one, and answers in DynamoDB's place.
type wiretap struct {
	plain *dynamodb.Client
	http  aws.HTTPClient

	mu      sync.Mutex
	seen    map[string]int
	written []written
	before  map[string]func()
	instead map[string]func(body []byte) (status int, answer string)
}

func newWiretap(plain *dynamodb.Client) *wiretap {
	return &wiretap{plain: plain, seen: map[string]int{}, before: map[string]func(){},
		instead: map[string]func([]byte) (int, string){}}
}

// client is a client on the tapped wire.
func (w *wiretap) client() *dynamodb.Client {
	return dynamodb.New(w.plain.Options(), func(o *dynamodb.Options) {
		w.http = o.HTTPClient
		o.HTTPClient = w
	})
}

// Do passes the request on, or answers it.
func (w *wiretap) Do(request *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.seen[operation]++
	before, instead := w.before[operation], w.instead[operation]
	delete(w.before, operation)
	delete(w.instead, operation)
	w.mu.Unlock()
	if before != nil {
		before()
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if instead == nil {
		request.Body = io.NopCloser(bytes.NewReader(body))
		answer, err := w.http.Do(request)
		if err == nil && answer.StatusCode == http.StatusOK {
			w.note(operation, body)
		}
		return answer, err
	}
	status, answer := instead(body)
	return &http.Response{StatusCode: status, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(answer))}, nil
}

// just does something once, right before the next request of the operation.
func (w *wiretap) just(operation string, before func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before[operation] = before
}

// answer answers the next request of the operation in DynamoDB's place.
func (w *wiretap) answer(operation string, instead func(body []byte) (status int, answer string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instead[operation] = instead
}

// count returns the requests that the call makes.
func (w *wiretap) count(call func()) map[string]int {
	w.mu.Lock()
	w.seen = map[string]int{}
	w.mu.Unlock()
	call()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// met is DynamoDB's answer to a transaction that met another one.
func met([]byte) (int, string) {
	return http.StatusBadRequest, `{
		"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"Message": "Transaction cancelled, please refer cancellation reasons for specific reasons ` +
		`[TransactionConflict, None]",
		"CancellationReasons": [
			{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
			{"Code": "None"}
		]
	}`
}

// conflicted is DynamoDB's answer to a single write that met a transaction.
func conflicted([]byte) (int, string) {
	return http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException",
		"message":"Transaction is ongoing for the item"}`
}

// unprocessed is DynamoDB's answer to a batch when it has time for nothing.
func unprocessed(body []byte) (int, string) {
	var asked struct{ RequestItems json.RawMessage }
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&asked); err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	return http.StatusOK, `{"Responses":{},"UnprocessedKeys":` + string(asked.RequestItems) + `}`
}
