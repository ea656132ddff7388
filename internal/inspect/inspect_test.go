package inspect_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// here is a shell on this machine.
type here struct{}

func (here) Run(ctx context.Context, script string, args []string, stdout, stderr io.Writer) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-s"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), stdout, stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return cmd.ProcessState.ExitCode(), nil
	}
	return 0, err
}

func (here) Close() error { return nil }

// canned is a shell that gives the same answer to every script.
type canned struct {
	output string
	exit   int
	err    error
}

func (c canned) Run(_ context.Context, _ string, _ []string, stdout, _ io.Writer) (int, error) {
	_, err := io.WriteString(stdout, c.output)
	return c.exit, errors.Join(c.err, err)
}

func (canned) Close() error { return nil }

var _ remote.Shell = here{}

func shellApp(status string) *catalog.Application {
	app := &catalog.Application{Shell: &catalog.Shell{Start: "true", Health: "test -e well"}}
	app.ID, app.State.Status = "app000000000000000000001", status
	return app
}

func service() *catalog.Service {
	s := &catalog.Service{}
	s.ID = "svc000000000000000000001"
	return s
}

func TestLook(t *testing.T) {
	data := t.TempDir()
	_, control, folder := recipe.Places(data, "app000000000000000000001", "")
	for _, one := range []string{control, folder} {
		if err := os.MkdirAll(one, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(control, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(app *catalog.Application, want string) {
		t.Helper()
		got, err := inspect.Look(t.Context(), here{}, app, data)
		if err != nil || got.Status != want {
			t.Errorf("%+v (%v), want %q", got, err, want)
		}
	}
	// No file records the last operation, so the catalog's state counts.
	wants(shellApp(""), "exited")
	wants(shellApp("running:healthy"), "running:healthy")
	write("operation", "start\n")
	write("health.sh", "test -e well\n")
	wants(shellApp("exited"), "running:unhealthy")
	if err := os.WriteFile(filepath.Join(folder, "well"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(shellApp("exited"), "running:healthy")
	write("operation", "stop\n")
	wants(shellApp("running:healthy"), "exited")

	write("commit", "0123\nthe message\n")
	got, err := inspect.Look(t.Context(), here{}, shellApp(""), data)
	if want := (inspect.Found{Status: "exited", Commit: "0123", Message: "the message"}); err != nil ||
		got != want {
		t.Errorf("%+v (%v), want %+v", got, err, want)
	}
}

func TestLookFails(t *testing.T) {
	broken := fault.New(fault.Unavailable, "the connection ended")
	for _, c := range []struct {
		name  string
		shell remote.Shell
		want  string
	}{
		{"a connection that ends", canned{"\nwaybill-status\nE\n", 0, broken}, "the connection ended"},
		{"a shell that fails", canned{"\nwaybill-status\nE\n", 2, nil}, "code 2"},
		{"an answer without an end", canned{"\nwaybill-status\n", 0, nil}, "did not tell"},
		{"an endless answer", canned{strings.Repeat("x", 4<<20) + "\nwaybill-status\nE\n", 0, nil},
			"did not tell"},
		{"a server without docker", canned{"\nwaybill-status\nF This server has no docker.\nE\n", 0, nil},
			"no docker"},
	} {
		t.Run(c.name+" is Unavailable", func(t *testing.T) {
			_, err := inspect.Look(t.Context(), c.shell, service(), "/data")
			if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want Unavailable with %q", err, c.want)
			}
		})
	}
	t.Run("a context that is done is said as such", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := inspect.Look(ctx, here{}, service(), "/data"); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
	})
}
