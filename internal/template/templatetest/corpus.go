// Package templatetest has compose files that use every construct of the dialect of
// templates, each with checks to run in its containers.
package templatetest

import (
	"embed"
	"path"
	"regexp"
	"strings"
	"testing"
)

//go:embed corpus/*.yml
var corpus embed.FS

// Case is one compose file.
type Case struct {
	Name, Text string
	Checks     []Check
}

// Check is a command for the shell of a container. The file has it in a comment:
//
//	#! SERVICE: COMMAND => PATTERN
type Check struct {
	// Service is the compose service.
	Service, Command string
	// pattern matches the whole output, with UUID, SCHEME and HOST for the service's uuid
	// and its host name.
	pattern string
}

// Required is the value that tests give to TO_BE_GIVEN, which one of the files demands.
const Required = "given"

// Corpus returns the files, ordered by name.
func Corpus(t testing.TB) []Case {
	t.Helper()
	entries, err := corpus.ReadDir("corpus")
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	for _, entry := range entries {
		text, err := corpus.ReadFile(path.Join("corpus", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		one := Case{Name: strings.TrimSuffix(entry.Name(), ".yml"), Text: string(text)}
		for line := range strings.Lines(one.Text) {
			if said, is := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "#! "); is {
				one.Checks = append(one.Checks, readCheck(t, said))
			}
		}
		cases = append(cases, one)
	}
	return cases
}

func readCheck(t testing.TB, said string) Check {
	t.Helper()
	service, rest, found := strings.Cut(said, ": ")
	arrow := strings.LastIndex(rest, " => ")
	if !found || arrow < 0 {
		t.Fatalf("%q is no check", said)
	}
	return Check{service, rest[:arrow], rest[arrow+len(" => "):]}
}

// Matches reports whether the output of the command is as it should be.
func (c Check) Matches(t testing.TB, output, uuid, scheme, host string) bool {
	t.Helper()
	filled := strings.NewReplacer("UUID", uuid, "SCHEME", scheme, "HOST", regexp.QuoteMeta(host)).
		Replace(c.pattern)
	pattern, err := regexp.Compile("^(?:" + filled + ")$")
	if err != nil {
		t.Fatal(err)
	}
	return pattern.MatchString(strings.TrimSpace(output))
}

// String is the check as it is in the file.
func (c Check) String() string { return c.Service + ": " + c.Command + " => " + c.pattern }
