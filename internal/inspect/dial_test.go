package inspect_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/remote"
)

// silent is a server that lets in and never answers, or says one thing, or does
// not let in.
type silent struct {
	refuses error
	says    string
	target  remote.Target
	closed  bool
}

func (s *silent) Dial(_ context.Context, target remote.Target) (remote.Shell, error) {
	s.target = target
	if s.refuses != nil {
		return nil, s.refuses
	}
	return s, nil
}

func (s *silent) Run(ctx context.Context, _ string, _ []string, out, _ io.Writer) (int, error) {
	if s.says != "" {
		_, err := io.WriteString(out, "\nwaybill-status\n"+s.says)
		return 0, err
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

func (s *silent) Close() error { s.closed = true; return nil }

var (
	login  = catalog.Login{PrivateKey: "a private key"}
	server = &catalog.Server{
		Address: "web-1",
		Port:    22,
		User:    "root",
		HostKey: "a host key",
		DataDir: "/data",
	}
	app = &catalog.Application{Resource: catalog.Resource{
		Meta: catalog.Meta{ID: "app000000000000000000001"},
	},
		Shell: &catalog.Shell{Start: "true", Health: "true"}}
)

func TestDialAndLookAtAnUnreachableServer(t *testing.T) {
	s := &silent{
		refuses: &remote.DialError{Cause: remote.CauseUnreachable, Err: errors.New("no answer in time")},
	}
	_, err := inspect.DialAndLook(s)(t.Context(), server, login, app)
	if want := "The server was not reached: no answer in time."; !errors.Is(err, fault.Unavailable) ||
		fault.Public(err) != want {
		t.Errorf("error = %v, want Unavailable: %s", err, want)
	}
	want := remote.Target{
		Address:    "web-1",
		Port:       22,
		User:       "root",
		HostKey:    "a host key",
		PrivateKey: "a private key",
	}
	if s.target != want {
		t.Errorf("opened another server than was asked for: %s, port %d", s.target.Address, s.target.Port)
	}
}

// The function must return before API Gateway gives up on the request.
func TestDialAndLookTakesLimitedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &silent{}
		begun := time.Now()
		_, err := inspect.DialAndLook(s)(t.Context(), server, login, app)
		if took := time.Since(begun); !errors.Is(err, fault.Unavailable) || took > 25*time.Second ||
			!s.closed {
			t.Errorf("error = %v after %s, closed %t; want Unavailable within 25 s", err, took, s.closed)
		}
	})
}

func TestDialAndLookAnswersTheStatus(t *testing.T) {
	look := inspect.DialAndLook(&silent{says: "S healthy\nE\n"})
	status, err := look(t.Context(), server, login, app)
	if status != "running:healthy" || err != nil {
		t.Errorf("%q, %v; want running:healthy", status, err)
	}
	_, err = inspect.DialAndLook(&silent{says: "F refused: password=Zq7pa55wordMarks\n"})(t.Context(), server,
		login, app)
	if text := fault.Public(err); !errors.Is(err, fault.Unavailable) || !strings.Contains(text, "refused") ||
		strings.Contains(err.Error(), "Zq7") {
		t.Errorf("error = %v, want the server's own without what looks like a secret", err)
	}
}
