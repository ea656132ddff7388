package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/inspect"
)

// engine is a shell on a server with containers. Each prints its name until the limit.
type engine struct {
	services []string // of its containers, in order
	scripts  []string
	exit     int
}

func (e *engine) Run(_ context.Context, script string, _ []string, stdout, _ io.Writer) (int, error) {
	e.scripts = append(e.scripts, script)
	if !strings.Contains(script, "container=") {
		fmt.Fprint(stdout, "\nwaybill-containers\n")
		for i, service := range e.services {
			fmt.Fprintf(stdout, "C %s %064x %s-%d\n", service, i, service, i)
		}
		fmt.Fprint(stdout, "E\n")
		return e.exit, nil
	}
	for i, service := range e.services {
		if strings.Contains(script, fmt.Sprintf("container='%064x'", i)) {
			_, err := io.WriteString(stdout, strings.Repeat(service+"\n", 1000))
			return e.exit, err
		}
	}
	return 1, nil
}

func (*engine) Close() error { return nil }

func TestReadLogs(t *testing.T) {
	e := &engine{services: []string{"db", "web", "web"}}
	read := func(t *testing.T, query inspect.LogQuery) inspect.Logs {
		t.Helper()
		query.MaxBytes = 40
		got, err := inspect.ReadLogs(t.Context(), e, "svc000000000000000000001", query)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("of one service, its containers share lines and bytes", func(t *testing.T) {
		got := read(t, inspect.LogQuery{Service: "web", Lines: 10})
		want := inspect.Logs{Services: []string{"db", "web"}, Containers: []inspect.ContainerLog{
			{Name: "web-1", Text: strings.Repeat("web\n", 5), Cut: true},
			{Name: "web-2", Text: strings.Repeat("web\n", 5), Cut: true}}}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		if last := e.scripts[len(e.scripts)-1]; !strings.Contains(last, "lines=5 bytes=20 timestamps=''\n") {
			t.Errorf("the script asks for something else:\n%s", last)
		}
	})
	t.Run("of several services, none", func(t *testing.T) {
		got := read(t, inspect.LogQuery{Lines: 10})
		if diff := cmp.Diff(got, inspect.Logs{Services: []string{"db", "web"}}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("of a service that is not there, none", func(t *testing.T) {
		if got := read(t, inspect.LogQuery{Service: "wbe", Lines: 10}); len(got.Containers) > 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("of the only service", func(t *testing.T) {
		e.services = []string{"db"}
		if got := read(t, inspect.LogQuery{Lines: 10, Timestamps: true}); len(got.Containers) != 1 ||
			!slices.Equal(got.Services, []string{"db"}) ||
			!strings.Contains(e.scripts[len(e.scripts)-1], "timestamps='yes'\n") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("of no container", func(t *testing.T) {
		e.services = nil
		if got := read(t, inspect.LogQuery{Lines: 10}); len(got.Containers)+len(got.Services) > 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("of a shell that fails", func(t *testing.T) {
		_, err := inspect.ReadLogs(t.Context(), &engine{exit: 2}, "svc000000000000000000001",
			inspect.LogQuery{Lines: 10, MaxBytes: 40})
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("error = %v, want Unavailable", err)
		}
	})
}
