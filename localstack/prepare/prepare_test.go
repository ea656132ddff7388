package prepare_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/localstack/emulator"
	"waybill/localstack/prepare"
)

// checkout is a folder with one source and a step that makes an output from it.
type checkout struct {
	root string
	made int
	said []string
	lock sync.Mutex
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{root: t.TempDir()}
	c.write(t, "src/a.go", "one")
	return c
}

func (c *checkout) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(c.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *checkout) step() prepare.Step {
	output := filepath.Join(c.root, "out")
	return prepare.Step{Name: "the thing", Inputs: []string{"src"}, Key: "v1", Output: output,
		Make: func(context.Context, *bytes.Buffer) error {
			c.made++
			return os.WriteFile(output, []byte("thing"), 0o600)
		}}
}

func (c *checkout) options() prepare.Options {
	return prepare.Options{Root: c.root, Say: func(line string) {
		c.lock.Lock()
		defer c.lock.Unlock()
		c.said = append(c.said, line)
	}}
}

func (c *checkout) run(t *testing.T, step prepare.Step) {
	t.Helper()
	if err := prepare.Run(t.Context(), c.options(), []prepare.Step{step}); err != nil {
		t.Fatal(err)
	}
}

func TestStamps(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, c *checkout, step *prepare.Step)
		made   int
	}{
		{"nothing changed: it is left alone", func(*testing.T, *checkout, *prepare.Step) {}, 1},
		{"a source changed",
			func(t *testing.T, c *checkout, _ *prepare.Step) { c.write(t, "src/a.go", "two") }, 2},
		{"a source came", func(t *testing.T, c *checkout, _ *prepare.Step) { c.write(t, "src/b.go", "") }, 2},
		{"the key changed", func(_ *testing.T, _ *checkout, step *prepare.Step) { step.Key = "v2" }, 2},
		{"the thing was removed", func(t *testing.T, c *checkout, step *prepare.Step) {
			if err := os.Remove(step.Output); err != nil {
				t.Fatal(err)
			}
		}, 2},
		{"a test came, which is in no program",
			func(t *testing.T, c *checkout, _ *prepare.Step) { c.write(t, "src/a_test.go", "") }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkout := newCheckout(t)
			step := checkout.step()
			checkout.run(t, step)
			c.change(t, checkout, &step)
			checkout.run(t, step)
			if checkout.made != c.made {
				t.Errorf("made %d times, want %d", checkout.made, c.made)
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Run("what failed is told with the tool's words, and made again the next time", func(t *testing.T) {
		c := newCheckout(t)
		step := c.step()
		c.run(t, step)
		step.Key = "v2"
		works := step.Make
		step.Make = func(_ context.Context, log *bytes.Buffer) error {
			log.WriteString("the compiler is cross")
			return errors.New("exit status 1")
		}
		err := prepare.Run(t.Context(), c.options(), []prepare.Step{step})
		if err == nil || !strings.Contains(err.Error(), "the thing: exit status 1\nthe compiler is cross") {
			t.Errorf("error = %v", err)
		}
		// The failed step with the second key may have left a half-made output, so
		// the step with the first key has to run again.
		step.Key, step.Make = "v1", works
		c.run(t, step)
		if c.made != 2 {
			t.Errorf("made %d times, want 2", c.made)
		}
	})
	t.Run("a failure ends the other lane, and is the one that is told", func(t *testing.T) {
		c := newCheckout(t)
		broken, slow := c.step(), c.step()
		broken.Name, slow.Name = "broken", "slow"
		broken.Make = func(context.Context, *bytes.Buffer) error { return errors.New("it broke") }
		slow.Make = func(ctx context.Context, _ *bytes.Buffer) error { <-ctx.Done(); return ctx.Err() }
		err := prepare.Run(t.Context(), c.options(), []prepare.Step{slow}, []prepare.Step{broken})
		if err == nil || !strings.Contains(err.Error(), "it broke") {
			t.Errorf("error = %v, want the one that broke", err)
		}
	})
	t.Run("a step that made nothing is a failure", func(t *testing.T) {
		c := newCheckout(t)
		step := c.step()
		step.Make = func(context.Context, *bytes.Buffer) error { return nil }
		if err := prepare.Run(t.Context(), c.options(),
			[]prepare.Step{step}); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error = %v, want that the output is not there", err)
		}
	})
	t.Run("no ten seconds are silent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCheckout(t)
			one, other := c.step(), c.step()
			one.Name, other.Name = "one", "other"
			one.Make = func(context.Context, *bytes.Buffer) error {
				time.Sleep(15 * time.Second)
				return os.WriteFile(one.Output, nil, 0o600)
			}
			other.Make = func(context.Context, *bytes.Buffer) error {
				time.Sleep(25 * time.Second)
				return os.WriteFile(one.Output, nil, 0o600)
			}
			if err := prepare.Run(t.Context(), c.options(), []prepare.Step{one},
				[]prepare.Step{other}); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(c.said, "\n")
			want := "  making one (10 s), other (10 s)\n  made   one in 15.0 s\n  making other (20 " +
				"s)\n  made   other in 25.0 s"
			if got != want {
				t.Errorf("said:\n%s\nwant:\n%s", got, want)
			}
		})
	})
}

func TestMissing(t *testing.T) {
	t.Run("all that is missing is named at once, with how to get it", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		t.Setenv("HOME", t.TempDir())
		err := prepare.Missing(t.Context(), emulator.MiniStack, emulator.LocalStackPyPI, emulator.LocalStack)
		missing, ok := errors.AsType[*prepare.MissingError](err)
		if !ok {
			t.Fatalf("error = %v", err)
		}
		for _, want := range []string{"Go 1.26", "Node.js 20", "npm", "python3-venv", "pyenv install 3.13",
			"maven", "jdk", "Docker with compose"} {
			if !strings.Contains(missing.Error(), want) {
				t.Errorf("%q is not named in:\n%v", want, missing)
			}
		}
	})
	t.Run("a tool that is too old counts as missing", func(t *testing.T) {
		bin := t.TempDir()
		t.Setenv("PATH", bin+":/usr/bin:/bin")
		script := "#!/bin/sh\necho v18.19.0\n"
		if err := os.WriteFile(filepath.Join(bin, "node"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := prepare.Missing(t.Context()); err == nil || !strings.Contains(err.Error(), "Node.js 20") {
			t.Errorf("error = %v, want one about Node.js", err)
		}
	})
}
