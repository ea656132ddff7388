// Package shelltest checks shell scripts with shellcheck, in tests.
//
// The scripts of packages remote and recipe are parts that Go joins. A part alone cannot
// be checked: shellcheck would not know the variables and functions that other parts set
// for it. So the joined scripts are checked, and the findings are reported at the lines of
// the parts.
package shelltest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Part is a file whose text is in a script.
type Part struct {
	// Path is the path of the file, from the folder of the test.
	Path string
	// Text is the file's text as the script has it.
	Text string
}

// Check fails the test for each finding of shellcheck in the scripts, which are joined
// from the parts. It skips the test if shellcheck is not installed, except in CI.
//
// A name that one script does not use may be there for another. So a finding that
// something is unused counts only if all scripts with that part have it.
func Check(t testing.TB, parts []Part, scripts ...string) {
	t.Helper()
	need(t)
	found := make([][]finding, len(scripts))
	var running sync.WaitGroup
	for i, script := range scripts {
		running.Go(func() { found[i] = run(t, parts, script) })
	}
	running.Wait()
	counts := map[finding]int{}
	for _, finding := range slices.Concat(found...) {
		counts[finding]++
	}
	var report []finding
	for finding, count := range counts {
		if !slices.Contains(unused, finding.code) || count == users(finding.path, parts, scripts) {
			report = append(report, finding)
		}
	}
	slices.SortFunc(report, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.path, b.path), a.line-b.line, a.code-b.code)
	})
	for _, finding := range report {
		t.Errorf("%s:%d: SC%d: %s\n\t%s",
			finding.path, finding.line, finding.code, finding.message, finding.text)
	}
}

func need(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("shellcheck"); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal("shellcheck is missing: install it")
		}
		t.Skip("no shellcheck here: install it to check the scripts")
	}
}

// unused are the codes for a variable that nothing reads, a function that nothing calls,
// and code that nothing reaches.
var unused = []int{2034, 2329, 2317}

// finding is one finding of shellcheck.
type finding struct {
	path          string // "" for lines that Go writes
	line, code    int
	message, text string
}

// users is the number of scripts that have the part with a path.
func users(path string, parts []Part, scripts []string) int {
	count := 0
	for _, script := range scripts {
		at := slices.IndexFunc(parts, func(part Part) bool {
			return part.Path == path && strings.Contains(script, part.Text)
		})
		if at >= 0 {
			count++
		}
	}
	return max(1, count)
}

// run runs shellcheck on one script, as POSIX sh.
func run(t testing.TB, parts []Part, script string) []finding {
	t.Helper()
	command := exec.Command("shellcheck", "--norc", "--shell=sh", "--format=json1", "-")
	command.Stdin = strings.NewReader(script)
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	var answer struct {
		Comments []struct {
			Line, Code int
			Message    string
		}
	}
	if broken := json.Unmarshal(output, &answer); broken != nil {
		t.Errorf("shellcheck does not answer: %v: %s", err, said.Bytes())
		return nil
	}
	lines := strings.Split(script, "\n")
	var all []finding
	for _, comment := range answer.Comments {
		path, line := place(t, parts, script, comment.Line)
		one := finding{path: path, line: line, code: comment.Code, message: comment.Message,
			text: strings.TrimSpace(lines[comment.Line-1])}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// place finds the part that has a line of the script, and the number of the line in the
// part's file. Go may have put lines into a part, so it looks for the same text.
func place(t testing.TB, parts []Part, script string, line int) (path string, number int) {
	t.Helper()
	lines := strings.Split(script, "\n")
	for _, part := range parts {
		before, _, found := strings.Cut(script, part.Text)
		first := strings.Count(before, "\n") + 1
		if !found || line < first || line >= first+strings.Count(part.Text, "\n") {
			continue
		}
		file, err := os.ReadFile(part.Path)
		if err != nil {
			t.Error(err)
		}
		nearest := 0
		for i, text := range strings.Split(string(file), "\n") {
			closer := nearest == 0 || distance(i, line-first) < distance(nearest-1, line-first)
			if text == lines[line-1] && closer {
				nearest = i + 1
			}
		}
		return part.Path, nearest
	}
	return "", line
}

func distance(a, b int) int { return max(a-b, b-a) }

// Files fails the test for each finding of shellcheck in scripts that run as they are. A
// script that names no shell is one for a POSIX sh. It skips the test as [Check] does.
func Files(t testing.TB, paths ...string) {
	t.Helper()
	need(t)
	var plain, named []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if strings.HasPrefix(first, "#!") || strings.HasPrefix(first, "# shellcheck shell=") {
			named = append(named, path)
		} else {
			plain = append(plain, path)
		}
	}
	options := []string{"--norc", "--external-sources", "--format=gcc"}
	for _, arguments := range [][]string{named, append([]string{"--shell=sh"}, plain...)} {
		output, err := exec.Command("shellcheck", slices.Concat(options, arguments)...).CombinedOutput()
		if err != nil {
			t.Errorf("shellcheck: %v\n%s", err, output)
		}
	}
}
