package stack_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"waybill/internal/aws/firsttoken"
	"waybill/localstack/stack"
)

// cli stands in for the CDK CLI: it notes its arguments, its folder and its
// environment, and writes outputs to the file in its arguments.
const cli = `#!/bin/sh
{ echo "$@"; pwd; env; } >> "$HOME/calls"
test ! -e "$HOME/broken" || { echo "the role is missing" >&2; exit 1; }
while [ $# -gt 0 ]; do
  if [ "$1" = --outputs-file ]; then
    echo '{"waybill-a": {"ApiId": "id", "Stage": "live", "CatalogFunction": "f"}}' > "$2"
  fi
  shift
done
`

func checkout(t *testing.T) (stack.Options, string) {
	t.Helper()
	root, home := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	for path, text := range map[string]string{
		"localstack/node_modules/.bin/cdk":  cli,
		"infra/cdk.json":                    "{}",
		".local/bin/infra":                  "app",
		".local/functions/deploy/bootstrap": "one",
	} {
		write(t, filepath.Join(root, path), text)
	}
	return stack.Options{Root: root, Endpoint: "http://127.0.0.1:1", Account: "first", Team: "a",
		Log: filepath.Join(t.TempDir(), "state", "cdk.log")}, home
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestDeploy(t *testing.T) {
	t.Run("the account is bootstrapped and the stack deployed, with nothing of the user's in the environment",
		func(t *testing.T) {
			opts, home := checkout(t)
			t.Setenv("AWS_PROFILE", "production")
			outputs, err := stack.Deploy(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := outputs.URL(opts.Endpoint),
				"http://127.0.0.1:1/_aws/execute-api/id/live"; got != want {
				t.Errorf("URL = %s, want %s", got, want)
			}
			calls, err := os.ReadFile(filepath.Join(home, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{
				"bootstrap aws://000000000000/us-east-1\n", "deploy -c team=a -c local=true", "--all",
				"AWS_ENDPOINT_URL=http://127.0.0.1:1\n"} {
				if !strings.Contains(string(calls), want) {
					t.Errorf("the CLI was not called with %q:\n%s", want, calls)
				}
			}
			if strings.Contains(string(calls), "production") {
				t.Error("the user's profile reached the CLI")
			}
		})
	t.Run("the bootstrap is the README's", func(t *testing.T) {
		opts, home := checkout(t)
		if _, err := stack.Deploy(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		if _, err := stack.Diff(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		calls, err := os.ReadFile(filepath.Join(home, "calls"))
		if err != nil {
			t.Fatal(err)
		}
		commands := readme(t)
		for _, c := range commands {
			// The fake CLI notes its arguments and then its folder.
			call := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(c.arguments) + `( .*)?\n` +
				regexp.QuoteMeta(filepath.Join(opts.Root, c.folder)) + `$`)
			if !call.Match(calls) {
				t.Errorf("the CLI was not called with %q in %q:\n%s", c.arguments, c.folder, calls)
			}
		}
		if len(commands) != 1 {
			t.Errorf("the README has the commands %v, want bootstrap; make calls the others", commands)
		}
	})
	t.Run("a failure has the CLI's words", func(t *testing.T) {
		opts, home := checkout(t)
		write(t, filepath.Join(home, "broken"), "")
		if _, err := stack.Deploy(t.Context(), opts); err == nil ||
			!strings.Contains(err.Error(), "the role is missing") {
			t.Errorf("error = %v", err)
		}
	})
}

// command is a call of the CDK CLI from a folder below the checkout.
type command struct{ folder, arguments string }

// readme returns the calls by which the README deploys to AWS, for the team and the
// account of [checkout].
func readme(t *testing.T) []command {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Deploy it to AWS\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	folder := ""
	var commands []command
	for line := range strings.Lines(block) {
		line, _, _ = strings.Cut(line, "#")
		if to, is := strings.CutPrefix(strings.TrimSpace(line), "cd "); is {
			folder = filepath.Join(folder, to)
		}
		program, arguments, is := strings.Cut(strings.TrimSpace(line), "/cdk ")
		if !is {
			continue
		}
		if cli := filepath.Join(folder, program, "cdk"); cli != "localstack/node_modules/.bin/cdk" {
			t.Errorf("the README calls %s, which is not there", cli)
		}
		arguments = strings.NewReplacer("NAME", "a", "ACCOUNT", "000000000000", "REGION", "us-east-1").
			Replace(arguments)
		commands = append(commands, command{folder, arguments})
	}
	return commands
}

// TestTheFirstTokenOfTheREADME holds its event to the one that the catalog function takes.
func TestTheFirstTokenOfTheREADME(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	payload := regexp.MustCompile(`--payload '(.*)'`).FindSubmatch(text)
	if payload == nil {
		t.Fatal("the README has no payload")
	}
	decoder := json.NewDecoder(bytes.NewReader(payload[1]))
	decoder.DisallowUnknownFields()
	var request firsttoken.Request
	err = decoder.Decode(&request)
	if err != nil || request.Mint.Name == "" || len(request.Mint.Abilities) == 0 {
		t.Errorf("%s is no request for a token: %v", payload[1], err)
	}
}

func TestDeployed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, opts *stack.Options)
		want   bool
	}{
		{"nothing changed", func(*testing.T, *stack.Options) {}, true},
		{"another account", func(_ *testing.T, opts *stack.Options) { opts.Account = "second" }, false},
		{"another function", func(t *testing.T, opts *stack.Options) {
			write(t, filepath.Join(opts.Root, ".local/functions/deploy/bootstrap"), "two")
		}, false},
		{"another app", func(t *testing.T, opts *stack.Options) {
			write(t, filepath.Join(opts.Root, ".local/bin/infra"), "two")
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts, _ := checkout(t)
			if _, deployed, err := stack.Deployed(opts); deployed || err != nil {
				t.Fatalf("deployed before anything was: %v, %v", deployed, err)
			}
			want, err := stack.Deploy(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			c.change(t, &opts)
			got, deployed, err := stack.Deployed(opts)
			if err != nil || deployed != c.want || (deployed && got != want) {
				t.Errorf("deployed %v, %+v, %v; want %v", deployed, got, err, c.want)
			}
		})
	}
}
