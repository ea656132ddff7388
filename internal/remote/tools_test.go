package remote_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// beginnings matches what may stand before a command in a line of sh: nothing,
// an operator, a reserved word, an assignment, or a command that runs its
// arguments.
var beginnings = regexp.MustCompile(`(?:^\s*|[;&|({!)]\s*|` +
	`\b(?:then|else|do|if|elif|until|while|exec|env|try|tell|ask|xargs|command -v)\s+|` +
	`^\s*(?:\w+=\S*\s+)+)([a-z0-9]+)\b([-=*]|\(\))?`)

// functions matches the names of the functions that the scripts define.
var functions = regexp.MustCompile(`(?m)^\s*([a-z0-9_]+)\(\) [{(]`)

// TestTheREADMEListsTheToolsOfAServer compares the README with the tools that
// the scripts call.
func TestTheREADMEListsTheToolsOfAServer(t *testing.T) {
	need(t, "busybox")
	applets, err := exec.Command("busybox", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := append(strings.Fields(string(applets)), "fallocate", "flock", "nohup", "pgrep", "pkill", "fuser")
	// mount is a function in awk code, and wget is one of three ways to query a
	// web server.
	builtin := strings.Fields(
		"cd echo exit false kill printf pwd read return set sh test true umask wait mount wget",
	)
	_, section, _ := strings.Cut(read(t, "../../README.md"), "**What a server must have.**")
	section, _, _ = strings.Cut(section, "\n")
	var listed []string
	for _, quoted := range regexp.MustCompile("`([a-z0-9 ]+)`").FindAllStringSubmatch(section, -1) {
		listed = append(listed, strings.Fields(quoted[1])...)
	}
	var all strings.Builder
	for _, script := range scripts(t) {
		for line := range strings.Lines(read(t, script)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "#") {
				all.WriteString(line)
			}
		}
	}
	text := all.String()
	for _, match := range functions.FindAllStringSubmatch(text, -1) {
		builtin = append(builtin, match[1])
	}
	for line := range strings.Lines(text) {
		for _, match := range beginnings.FindAllStringSubmatch(line, -1) {
			name := match[1]
			if match[2] == "" && slices.Contains(known, name) && !slices.Contains(builtin, name) &&
				!slices.Contains(listed, name) {
				t.Errorf("the README does not list %s: %s", name, strings.TrimSpace(line))
			}
		}
	}
	for _, name := range listed {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
			t.Errorf("the README lists %s, which nothing calls", name)
		}
	}
}

// scripts returns the paths of the scripts that run on a server.
func scripts(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, folder := range []string{"sh", "../recipe/sh"} {
		found, err := filepath.Glob(filepath.Join(folder, "*.sh"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}
