// Package outbound sends requests to addresses that users chose, without letting them reach
// anything but public hosts.
//
// An address is checked when the connection is made, after its name was resolved. So a name
// that resolves to another address the second time does not get past the check. Each request
// makes a connection of its own, and no proxy is used.
package outbound

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"waybill/internal/fault"
	"waybill/internal/notify"
	"waybill/internal/terminal"
)

// The limits of a request. A queue waits for the answer, and the next attempt is a minute away.
const (
	connectTimeout = 5 * time.Second
	// DefaultTimeout bounds a whole request.
	DefaultTimeout = 10 * time.Second
	maxHeader      = 16 << 10
	maxBody        = 2 << 10
)

// Options adjust [New]; the zero value works.
type Options struct {
	// Loopback also allows the addresses of this machine, and plain HTTP to them. It is for
	// local stacks.
	Loopback bool
	// Timeout bounds a whole request; [DefaultTimeout] when zero.
	Timeout time.Duration
}

// Client posts to public hosts. It is safe for use by several goroutines.
type Client struct {
	http *http.Client
	opts Options
}

var _ notify.Poster = (*Client)(nil)

// New returns a client.
func New(opts Options) *Client {
	if opts.Timeout == 0 {
		opts.Timeout = DefaultTimeout
	}
	c := &Client{opts: opts}
	dialer := &net.Dialer{Timeout: connectTimeout, Control: c.control}
	c.http = &http.Client{
		Timeout: opts.Timeout,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			DisableKeepAlives:      true,
			TLSHandshakeTimeout:    connectTimeout,
			MaxResponseHeaderBytes: maxHeader,
			// A body that grows when it is unpacked is not worth the risk.
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// errRefused is the cause of Denied for an address.
var errRefused = errors.New("the address is not public")

// control is called with the address that a name was resolved to, before the connection.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return errRefused
	}
	host := parsed.Addr().Unmap()
	if IsPublic(host) || c.opts.Loopback && host.IsLoopback() {
		return nil
	}
	return errRefused
}

// Post implements [notify.Poster]. Its errors have none of the URL, which may be a secret.
func (c *Client) Post(
	ctx context.Context, url string, header map[string]string, body []byte,
) (notify.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return notify.Response{}, fault.New(fault.Denied, "The stored address is no URL.")
	}
	if request.URL.Scheme != "https" && !c.opts.Loopback {
		return notify.Response{}, fault.New(fault.Denied, "The stored address is not https.")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Waybill-Notify/1")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return notify.Response{}, explained(err)
	}
	defer answer.Body.Close()
	// The answer has come. A body that breaks off does not change what it says.
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	return notify.Response{Status: answer.StatusCode, Text: terminal.Line(string(text)),
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"))}, nil
}

// explained classifies an error of the client. The client's own texts have the URL.
func explained(err error) error {
	var resolving *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errRefused):
		return fault.New(fault.Denied, "The address is private or special; targets must be public.")
	case errors.As(err, &resolving):
		return fault.New(fault.Unavailable, "The name of the target could not be resolved.")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fault.New(fault.Unavailable, "The target did not answer in time.")
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "x509:"):
		return fault.New(fault.Unavailable, "The target has no valid certificate, or speaks no TLS.")
	}
	return fault.New(fault.Unavailable, "The connection to the target failed.")
}

// retryAfter reads the header in its form with seconds; a date is not worth reading.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || seconds < 0 || seconds > 1<<20 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
