package outbound_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/notify/outbound"
)

func TestIsPublic(t *testing.T) {
	for _, text := range []string{"93.184.216.34", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "172.15.0.1", "172.32.0.1", "169.253.1.1", "223.255.255.255", "2606:4700::1111",
		"2a00:1450:4001::1", "::ffff:8.8.8.8", "2001:4860:4860::8888", "198.20.0.1"} {
		if !outbound.IsPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused", text)
		}
	}
	for _, text := range []string{"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1",
		"10.255.255.255", "100.64.0.1", "100.127.255.255", "169.254.169.254", "169.254.170.2",
		"172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.170", "192.0.2.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.1.2.3",
		"::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a9fe:a9fe::1", "2001::1",
		"2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "fe80::1", "fec0::1",
		"fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "5f00::1", "fe80::1%eth0"} {
		if outbound.IsPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
}

// receiver is a server on loopback whose answers a test decides.
func receiver(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func post(t *testing.T, opts outbound.Options, url string) (status int, text string, err error) {
	t.Helper()
	response, err := outbound.New(opts).Post(t.Context(), url, map[string]string{"webhook-id": "msg_1"},
		[]byte(`{}`))
	return response.Status, response.Text, err
}

func TestALoopbackTargetIsRefused(t *testing.T) {
	called := false
	url := receiver(t, func(http.ResponseWriter, *http.Request) { called = true })
	secure := strings.Replace(url, "http://", "https://", 1)
	for _, target := range []string{url, secure, strings.Replace(secure, "127.0.0.1", "localhost", 1),
		strings.Replace(secure, "127.0.0.1", "[::ffff:127.0.0.1]", 1),
		strings.Replace(secure, "127.0.0.1", "2130706433", 1),
		strings.Replace(secure, "127.0.0.1", "0", 1)} {
		_, _, err := post(t, outbound.Options{}, target)
		// Some resolvers take a bare number for a name that does not exist.
		if !errors.Is(err, fault.Denied) && !strings.Contains(fault.Public(err), "could not be resolved") {
			t.Errorf("%s: %v, want Denied", target, err)
		}
	}
	if called {
		t.Error("the receiver was called")
	}
}

// TestTheAddressIsCheckedAfterItsNameWasResolved: the check sees what is dialled, so a name
// that changes its address between two questions gains nothing.
func TestTheAddressIsCheckedAfterItsNameWasResolved(t *testing.T) {
	_, _, err := post(t, outbound.Options{}, "https://localhost:1/")
	if !errors.Is(err, fault.Denied) {
		t.Errorf("%v, want Denied for the resolved address", err)
	}
	_, _, err = post(t, outbound.Options{Loopback: true}, "http://169.254.169.254/latest/")
	if !errors.Is(err, fault.Denied) {
		t.Errorf("%v, want Denied also where loopback is allowed", err)
	}
}

func TestPost(t *testing.T) {
	local := outbound.Options{Loopback: true, Timeout: 300 * time.Millisecond}
	t.Run("an answer is cut and harmless", func(t *testing.T) {
		url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if string(body) != `{}` || r.Header.Get("webhook-id") != "msg_1" ||
				r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("got %s with %v", body, r.Header)
			}
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte("\x1b[2Jslow\r\ndown\x00" + strings.Repeat("x", 1<<20)))
		})
		status, text, err := post(t, local, url)
		if err != nil || status != 429 || !strings.HasPrefix(text, "slow down") || len(text) > 4<<10 ||
			strings.ContainsAny(text, "\x1b\x00\r\n") {
			t.Errorf("%d %.40q (%d bytes), %v", status, text, len(text), err)
		}
	})
	t.Run("a redirect is not followed", func(t *testing.T) {
		followed := false
		other := receiver(t, func(http.ResponseWriter, *http.Request) { followed = true })
		for _, to := range []string{other, "http://169.254.169.254/latest/meta-data/"} {
			url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			})
			if status, _, err := post(t, local, url); err != nil || status != 307 {
				t.Errorf("%d, %v; want the redirect itself", status, err)
			}
		}
		if followed {
			t.Error("the redirect was followed")
		}
	})
	t.Run("a target that hangs is given up", func(t *testing.T) {
		hang := make(chan struct{})
		url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		})
		defer close(hang)
		_, _, err := post(t, local, url)
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), "in time") {
			t.Errorf("%v, want that it did not answer in time", err)
		}
	})
	t.Run("a body that never ends is given up", func(t *testing.T) {
		url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte("more ")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		})
		if status, _, err := post(t, local, url); status != 200 || err != nil {
			t.Errorf("%d, %v; want the status of the answer", status, err)
		}
	})
	t.Run("nothing listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		listener.Close()
		_, _, err = post(t, local, "http://"+address+"/secret-path")
		if !errors.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want Unavailable without the URL", err)
		}
	})
	t.Run("a cancelled context ends the request", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := outbound.New(local).Post(ctx, "http://127.0.0.1:1/", nil, nil); err == nil {
			t.Error("no error")
		}
	})
}
