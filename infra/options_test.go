package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	infra "waybill/infra"
)

func TestReadOptions(t *testing.T) {
	built := t.TempDir()
	if err := placeholders(built); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	tests := []struct {
		name    string
		context map[string]any
		want    infra.Options
		refusal string // a part of it
	}{
		{"a team alone", map[string]any{"team": "blue"},
			infra.Options{Team: "blue", Generation: 1, Architecture: "arm64", Functions: built}, ""},
		{"everything", map[string]any{"team": "blue-2", "local": "true", "architecture": "x86_64"},
			infra.Options{Team: "blue-2", Generation: 1, Local: true, Architecture: "x86_64", Functions: built}, ""},
		{"a true that is no text", map[string]any{"team": "a", "local": true},
			infra.Options{Team: "a", Generation: 1, Local: true, Architecture: "arm64", Functions: built}, ""},
		{"a short lease", map[string]any{"team": "blue", "lease": "5s"},
			infra.Options{Team: "blue", Generation: 1, Architecture: "arm64", Functions: built, Lease: "5s"}, ""},
		{"a lease that is none", map[string]any{"team": "blue", "lease": "soon"}, infra.Options{},
			"lease=soon: whole seconds"},
		{"no team", nil, infra.Options{}, "-c team=NAME"},
		{"an empty team", map[string]any{"team": ""}, infra.Options{}, "-c team=NAME"},
		{"a team with capitals", map[string]any{"team": "Blue"}, infra.Options{}, `team "Blue"`},
		{"a team with a slash", map[string]any{"team": "a/b"}, infra.Options{},
			"lower-case letters and digits"},
		{"a team that begins with a digit", map[string]any{"team": "7up"}, infra.Options{}, "a letter first"},
		{"a team that ends in a hyphen", map[string]any{"team": "blue-"}, infra.Options{},
			"single hyphens between"},
		{"a team with a line break", map[string]any{"team": "blue\n"}, infra.Options{}, `team "blue\n"`},
		{"a long team", map[string]any{"team": strings.Repeat("a", infra.MaxTeamLength+1)}, infra.Options{},
			"at most 26"},
		{"a team that is a number", map[string]any{"team": 7}, infra.Options{}, `team "7"`},
		{"half local", map[string]any{"team": "blue", "local": "yes"}, infra.Options{},
			"local=yes: true or false"},
		{"another architecture", map[string]any{"team": "blue", "architecture": "amd64"}, infra.Options{},
			"arm64 or x86_64"},
		{"functions that are not built", map[string]any{"team": "blue", "functions": empty}, infra.Options{},
			"no NAME/bootstrap of catalog, deploy, list, show, dispatch, runner there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := infra.ReadOptions(func(name string) any {
				if value, given := test.context[name]; given || name != "functions" {
					return value
				}
				return built
			})
			if test.refusal == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.refusal) {
				t.Errorf("got error %v, want one with %q", err, test.refusal)
			}
		})
	}
}

func TestReadOptionsNamesTheFunctionThatIsNotBuilt(t *testing.T) {
	folder := t.TempDir()
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "list", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	_, err := infra.ReadOptions(func(name string) any {
		return map[string]any{"team": "blue", "functions": folder}[name]
	})
	if err == nil || !strings.Contains(err.Error(), "no NAME/bootstrap of list there") {
		t.Errorf("got error %v, want one that names list alone", err)
	}
}
