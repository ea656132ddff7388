package recipe_test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
	"waybill/internal/shelltest"
)

// TestShellcheck checks the steps of jobs, with the scripts that they read, and what
// runs elsewhere. Together these have every script.
func TestShellcheck(t *testing.T) {
	texts := map[string]string{} // by path
	paths, err := filepath.Glob("sh/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	git := dockerfileApp(nil)
	checked := imageApp(catalog.Container{Health: catalog.HealthCheck{Port: 80}})
	scripts := []string{
		recipe.StatusScript(composeApp(nil), "/data"),
		recipe.ContainersScript("svc000000000000000000001"), recipe.LogScript(recipe.Container{}, 1, true, 1),
		recipe.PresentScript("svc000000000000000000001", []string{"nginx:1"}),
		"scratch=/scratch GIT_DIR=/git\n" + texts["sh/smudge.sh"],
		texts["sh/askpass.sh"],
	}
	template := composeService(wiki)
	fromTemplate := expanded(t, template)
	steps := map[string]string{} // by the scripts that they read, so that each is checked once
	for _, in := range []recipe.Input{
		{Resource: git, Operation: deployment.Deploy},
		{Resource: git, Operation: deployment.Delete, Options: deployment.Options{DeleteVolumes: true}},
		{Resource: inlineApp(nil), Operation: deployment.Restart},
		{Resource: checked, Operation: deployment.Stop},
		{Resource: checked, Operation: deployment.Start},
		{Resource: composeApp(nil), Operation: deployment.Deploy, ForbidHostAccess: true,
			Registries: registryLogins()},
		{Resource: template, Operation: deployment.Start, Secrets: fromTemplate},
	} {
		in.DataDir, in.Deployment = "/data", deploymentID
		if in.Secrets == nil {
			in.Secrets = map[string]string{"PASSWORD": password}
		}
		plan, err := recipe.Build(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range plan.Job.Files {
			name := "sh/" + path.Base(file.Path)
			if path.Dir(file.Path) == plan.Job.Spool && texts[name] != "" {
				texts[name] = string(file.Content)
			} else if strings.HasSuffix(file.Path, ".sh") && name != "sh/askpass.sh" {
				scripts = append(scripts, string(file.Content))
			}
		}
		for _, step := range plan.Job.Steps {
			script, reads := withRead(step.Script, plan.Job, texts)
			steps[reads] = script
		}
	}
	scripts = append(scripts, slices.Collect(maps.Values(steps))...)
	var parts []shelltest.Part
	for path, text := range texts {
		parts = append(parts, shelltest.Part{Path: path, Text: text})
		if !slices.ContainsFunc(scripts, func(script string) bool { return strings.Contains(script, text) }) {
			t.Errorf("%s is in no script that is checked", path)
		}
	}
	shelltest.Check(t, parts, scripts...)
}

// withRead puts the scripts that a step reads in place of the commands that read them,
// and lists these commands.
func withRead(script string, job remote.Job, texts map[string]string) (whole, reads string) {
	var out, list strings.Builder
	for line := range strings.Lines(script) {
		name, found := strings.CutPrefix(strings.TrimRight(line, "'\n"), ". '"+job.Spool+"/")
		if !found {
			fmt.Fprint(&out, line)
			continue
		}
		fmt.Fprintln(&out, texts["sh/"+name])
		fmt.Fprintln(&list, name)
	}
	return out.String(), list.String()
}
