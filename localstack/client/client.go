// Package client calls a stack's HTTP API for the demo and the end-to-end
// tests. It depends only on the API's paths and JSON, not on Waybill's code.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client calls one stack with one token.
type Client struct {
	url   string
	token string
	key   string
	http  *http.Client
}

// New returns a client for the API at url, which ends before "/api/v1".
func New(url, token string) *Client {
	// 60 s is twice API Gateway's own limit for one request.
	return &Client{url: strings.TrimRight(url, "/"), token: token, http: &http.Client{Timeout: time.Minute}}
}

// Under returns a client that sends the key as Idempotency-Key, so that equal
// requests with the same key count as one. Without a key, the API counts equal
// requests within seconds as one.
func (c *Client) Under(key string) *Client {
	keyed := *c
	keyed.key = key
	return &keyed
}

// Error is an answer that is not 2xx.
type Error struct {
	Status  int
	Message string
	Body    string
}

// Error returns the status and the message.
func (e *Error) Error() string { return fmt.Sprintf("answer %d: %s", e.Status, e.Message) }

// Do sends a request. It encodes body as JSON unless body is nil or an
// io.Reader. It decodes a 2xx answer into out, which may be nil, a *string for
// plain text, or any target for JSON. For other answers it returns an *[Error].
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	payload, err := encode(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/api/v1"+path, payload)
	if err != nil {
		return err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	if payload != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode/100 != 2 {
		return problem(answer.StatusCode, text)
	}
	return decode(text, out)
}

// Get is Do with GET.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.Do(ctx, http.MethodGet, path, nil, out)
}

// Post is Do with POST.
func (c *Client) Post(ctx context.Context, path string, body, out any) error {
	return c.Do(ctx, http.MethodPost, path, body, out)
}

func encode(body any) (io.Reader, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case io.Reader:
		return body, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(text), nil
}

func decode(text []byte, out any) error {
	switch out := out.(type) {
	case nil:
		return nil
	case *string:
		*out = string(text)
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the answer is not the JSON that was expected: %w", err)
	}
	return nil
}

func problem(status int, text []byte) *Error {
	var said struct{ Message string }
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = strings.TrimSpace(string(text))
	}
	return &Error{Status: status, Message: said.Message, Body: string(text)}
}
