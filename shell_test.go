package waybill_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"waybill/internal/shelltest"
)

// joined are the folders with scripts that Go joins. The tests of their packages check
// these scripts with shellcheck.
var joined = []string{"internal/remote/sh", "internal/recipe/sh"}

// script is one shell script of the repository.
type script struct {
	path  string
	lines []string
}

// shellScripts reads every shell script: *.sh, and files that a shell interprets.
func shellScripts(t *testing.T) []script {
	t.Helper()
	var all []script
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		other := strings.HasPrefix(path, ".") && path != "." && path != ".ci" ||
			entry.Name() == "node_modules" || entry.Name() == "testdata"
		if err == nil && entry.IsDir() && other {
			return filepath.SkipDir
		}
		if err != nil || !entry.Type().IsRegular() ||
			filepath.Ext(path) != ".sh" && filepath.Ext(path) != "" {
			return err
		}
		text, err := os.ReadFile(path)
		first, _, _ := strings.Cut(string(text), "\n")
		if filepath.Ext(path) == ".sh" || strings.HasPrefix(first, "#!") && strings.HasSuffix(first, "sh") {
			all = append(all, script{filepath.ToSlash(path), strings.Split(string(text), "\n")})
		}
		return err
	})
	if err != nil || len(all) < 50 {
		t.Fatalf("found %d shell scripts: %v", len(all), err)
	}
	return all
}

func TestShellcheck(t *testing.T) {
	var paths []string
	for _, s := range shellScripts(t) {
		if !slices.Contains(joined, filepath.ToSlash(filepath.Dir(s.path))) {
			paths = append(paths, s.path)
		}
	}
	shelltest.Files(t, paths...)
}

// shellFunction matches the first line of a function.
var shellFunction = regexp.MustCompile(`^(\w+)\(\) [{(]`)

// shellAssignment matches the names that a line sets.
var shellAssignment = regexp.MustCompile(`(?:^|[\s;({])(\w+)=|\bfor (\w+)\b|\bread -r ((?: *\w+)+)`)

// TestShellFunctions checks the functions of shell scripts: the comment of each begins
// with its name, and none has the name of a variable of the same folder.
func TestShellFunctions(t *testing.T) {
	type name struct{ folder, name string }
	functions, variables := map[name]string{}, map[name]string{}
	for _, s := range shellScripts(t) {
		folder := filepath.Dir(s.path)
		if !slices.Contains(joined, filepath.ToSlash(folder)) {
			folder = s.path
		}
		comment := ""
		for _, line := range s.lines {
			if strings.HasPrefix(line, "#") {
				comment += line + "\n"
				continue
			}
			for _, match := range shellAssignment.FindAllStringSubmatch(line, -1) {
				for _, variable := range strings.Fields(strings.Join(match[1:], " ")) {
					variables[name{folder, variable}] = s.path
				}
			}
			if match := shellFunction.FindStringSubmatch(line); match != nil {
				functions[name{folder, match[1]}] = s.path
				if !strings.HasPrefix(comment, "# "+match[1]+" ") {
					t.Errorf("%s: the comment of %s does not begin with its name", s.path, match[1])
				}
			}
			comment = ""
		}
	}
	for function, path := range functions {
		if other := variables[function]; other != "" {
			t.Errorf("%s is a function in %s and a variable in %s", function.name, path, other)
		}
	}
}
