package recipe_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

// pinned has an image of each kind of source, and one whose name has variables.
const pinned = `services:
  cache:
    image: redis:7
  digest:
    image: web@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    pull_policy: always
  fresh:
    image: fresh
    pull_policy: always
  kept:
    image: kept
    pull_policy: never
  named:
    image: registry.example.org/${GREETING:-web}:${PASSWORD}
    networks: [shared, secret]
  own:
    build: https://git.example/web.git#main
  tagged:
    build: https://git.example/web.git#main
    image: tagged:1
networks:
  shared: {external: true}
  secret: {external: true, name: "net-${PASSWORD}"}
`

// previewCases has a resource of each kind.
func previewCases(t *testing.T) map[string]recipe.Input {
	source := catalog.Source{Repository: "git@example.com:acme/web.git", Branch: "main", Directory: "/",
		KeyID: "key000000000000000000001"}
	image := &catalog.Application{Resource: resource("app000000000000000000001"),
		Image: &catalog.Image{Name: "ghcr.io/acme/web", Tag: "1.4"}}
	template := composeService(wiki)
	template.Environment = nil
	generated := expanded(t, template)
	postgres := databaseOf(t, "postgresql", nil)
	redisDB := databaseOf(t, "redis", nil)
	service := composeService(pinned)
	service.Environment[0].Value = "web"
	return map[string]recipe.Input{
		"shell":     {Resource: shellApp(wholeShell)},
		"image":     {Resource: image},
		"image-tag": {Resource: image, Options: deployment.Options{DockerTag: "2"}},
		"dockerfile": {Resource: &catalog.Application{Resource: resource("app000000000000000000001"),
			Dockerfile: &catalog.Dockerfile{Source: source, Path: "Dockerfile"}}},
		"compose": {Resource: &catalog.Application{Resource: resource("app000000000000000000001"),
			Compose: &catalog.ComposeSource{Source: source, Path: "docker-compose.yml"}}},
		"inline":         {Resource: plainInlineApp()},
		"service":        {Resource: service},
		"service-force":  {Resource: service, Options: deployment.Options{Force: true}},
		"service-latest": {Resource: service, Options: deployment.Options{PullLatestImages: true}},
		"template":       {Resource: template, Secrets: generated},
		"postgresql":     {Resource: postgres, Secrets: secretsFor(postgres)},
		"redis-latest": {Resource: redisDB, Secrets: secretsFor(redisDB),
			Options: deployment.Options{PullLatestImages: true}},
	}
}

// secretsFor has a value for each secret of a database.
func secretsFor(db *catalog.Database) map[string]string {
	values := map[string]string{}
	for _, secret := range catalog.SecretsOf(db) {
		values[secret.Name] = password
	}
	return values
}

func TestNewPreview(t *testing.T) {
	for name, input := range previewCases(t) {
		t.Run(name, func(t *testing.T) {
			input.DataDir, input.Deployment, input.Operation = "/data/waybill", deploymentID, deployment.Start
			secrets := map[string]string{"PASSWORD": password}
			maps.Copy(secrets, input.Secrets)
			input.Secrets, input.DeployKey = secrets, "an OPENSSH key"
			preview, err := recipe.NewPreview(input)
			if err != nil {
				t.Fatal(err)
			}
			got := describePreview(preview)
			golden(t, "preview-"+name, got)
			for name, value := range secrets {
				if strings.Contains(got, value) {
					t.Errorf("the preview has the value of %s", name)
				}
			}
			plan, err := recipe.Build(input)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Job.Steps) != len(preview.Steps) || plan.Status != preview.Status {
				t.Errorf("a start has %d steps and leads to %q", len(plan.Job.Steps), plan.Status)
			}
		})
	}
}

func describePreview(preview recipe.Preview) string {
	var out strings.Builder
	fmt.Fprintf(&out, "status: %s\nfetches: %v\n\n", preview.Status, preview.Fetches)
	for _, step := range preview.Steps {
		fmt.Fprintf(&out, "step %s, private: %v, on failure only: %v\n$ %s\n",
			step.Name, step.Private, step.OnFailure, step.Command)
	}
	for _, image := range preview.Images {
		fmt.Fprintf(&out, "\nimage of %s: %s (%s), private: %v\n",
			image.Service, image.Reference, image.Source, image.Private)
	}
	fmt.Fprintf(&out, "\n%s", preview.Compose)
	return out.String()
}

// TestPreviewFailsAsAStart gives a preview what a start refuses.
func TestPreviewFailsAsAStart(t *testing.T) {
	for name, input := range map[string]recipe.Input{
		"a secret without a value": {Resource: composeService(redis)},
		"an empty secret that the file demands": {
			Resource: composeService(strings.ReplaceAll(redis, "${PASSWORD}", "${PASSWORD:?give it}")),
			Secrets:  map[string]string{"PASSWORD": ""},
		},
		"a broken file": {Resource: composeService("services:\n  web:\n    imagine: web\n"),
			Secrets: map[string]string{"PASSWORD": password}},
		"a tag that is none": {Resource: &catalog.Application{Resource: resource("app000000000000000000001"),
			Image: &catalog.Image{Name: "web"}}, Options: deployment.Options{DockerTag: "a b"},
			Secrets: map[string]string{"PASSWORD": password}},
		"a shell application where none may be": {Resource: shellApp(wholeShell), ForbidHostAccess: true,
			Secrets: map[string]string{"PASSWORD": password}},
	} {
		t.Run(name, func(t *testing.T) {
			input.DataDir, input.Deployment, input.Operation = "/data", deploymentID, deployment.Start
			_, want := recipe.Build(input)
			_, err := recipe.NewPreview(input)
			if !errors.Is(err, fault.Invalid) || fault.Public(err) != fault.Public(want) {
				t.Errorf("error = %v, want %v", err, want)
			}
		})
	}
}
