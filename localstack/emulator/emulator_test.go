package emulator_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/localstack/emulator"
)

// tools skips a test if the Makefile has not made the kind's tools, or fails it in CI,
// where nothing may be missing.
func tools(t *testing.T, kind emulator.Kind) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	made := emulator.Python(root, kind)
	switch kind {
	case emulator.DynamoDBLocal:
		made = filepath.Join(emulator.Library(root), ".made")
	case emulator.VersityGW:
		made = filepath.Join(root, ".local", "versitygw", ".made")
	}
	if _, err := os.Stat(made); err != nil {
		reason := fmt.Sprintf("needs %s in .local: run `make test`", kind)
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return root
}

func start(t *testing.T, opts emulator.Options) *emulator.Emulator {
	t.Helper()
	opts.Root = tools(t, opts.Kind)
	opts.State = t.TempDir()
	opts.Say = func(line string) { t.Log(line) }
	e, err := emulator.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.Background()) })
	return e
}

func answers(e *emulator.Emulator) bool {
	answer, err := http.Get(e.Endpoint() + "/_localstack/health")
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return true
}

func TestLifecycle(t *testing.T) {
	for _, kind := range []emulator.Kind{emulator.MiniStack, emulator.LocalStackPyPI,
		emulator.DynamoDBLocal, emulator.VersityGW} {
		t.Run(string(kind)+" is started, found again, and stopped", func(t *testing.T) {
			root := tools(t, kind)
			e := start(t, emulator.Options{Kind: kind})
			if !answers(e) {
				t.Error("it does not answer")
			}
			state := filepath.Dir(e.Log())
			found, alive, err := emulator.Find(root, state)
			if err != nil || !alive || found.Endpoint() != e.Endpoint() || found.Kind != kind {
				t.Fatalf("found %+v, alive %v, %v", found, alive, err)
			}
			// The emulator that Find returns can be stopped as well.
			if err := found.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if answers(e) {
				t.Error("it answers after it was stopped")
			}
			if _, alive, err = emulator.Find(root, state); alive || err != nil {
				t.Errorf("found after it was stopped: %v, %v", alive, err)
			}
		})
	}
}

func TestPorts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port

	t.Run("a taken port is named, with its holder and the way out", func(t *testing.T) {
		_, err := emulator.Start(t.Context(), emulator.Options{Port: port, State: t.TempDir()})
		for _, want := range []string{
			fmt.Sprintf("port %d is taken by emulator.test (pid %d)", port, os.Getpid()),
			fmt.Sprintf("PORT=%d", port+1),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want %q in it", err, want)
			}
		}
	})
	t.Run("what does not start is an error with the end of its log", func(t *testing.T) {
		root := t.TempDir()
		python := emulator.Python(root, emulator.MiniStack)
		if err := os.MkdirAll(filepath.Dir(python), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(python, []byte("#!/bin/sh\nsleep 0.2\necho it is broken\nexit 1\n"),
			0o755); err != nil {
			t.Fatal(err)
		}
		_, err := emulator.Start(t.Context(),
			emulator.Options{Kind: emulator.MiniStack, Root: root, State: t.TempDir(),
				Say: func(string) {}})
		if err == nil || !strings.Contains(err.Error(), "it is broken") {
			t.Errorf("error = %v, want the log in it", err)
		}
	})
}

func TestParseKind(t *testing.T) {
	for text, want := range map[string]emulator.Kind{
		"": emulator.MiniStack, "localstack": emulator.LocalStack,
	} {
		if got, err := emulator.ParseKind(text); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"moto", "versitygw"} {
		_, err := emulator.ParseKind(text)
		if err == nil || !strings.Contains(err.Error(), "localstack-pypi") {
			t.Errorf("%s: error = %v, want one that names the kinds", text, err)
		}
	}
}
