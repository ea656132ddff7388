package recipe_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// TestEnvFileNamesTheServicesVariables checks that a compose file that names the
// service's own .env gets it, although the file lies where no container can reach it.
func TestEnvFileNamesTheServicesVariables(t *testing.T) {
	const place = `"/data/control/services/svc000000000000000000001/.env"`
	for _, c := range envFileCases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := recipe.Build(recipe.Input{Resource: composeService(c.compose), DataDir: "/data",
				Deployment: "d", Operation: deployment.Stop, Secrets: map[string]string{"PASSWORD": "pw"}})
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "PLACE", place)
			if want == "" {
				want = c.compose
			}
			file := plan.Job.Files[0]
			if !strings.HasSuffix(file.Path, "docker-compose.yml") {
				t.Fatalf("the first file is %s", file.Path)
			}
			if diff := cmp.Diff(string(file.Content), want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

// envFileCases are the cases of TestEnvFileNamesTheServicesVariables.
var envFileCases = []struct {
	name, compose string
	want          string // with PLACE for the path, or empty where the file is left as it is
}{
	{
		name: "a path",
		compose: `services:
  web:
    image: a
    env_file: .env # its own
`,
		want: `services:
  web:
    image: a
    env_file: PLACE # its own
`,
	},
	{
		name: "a relative path",
		compose: `services:
  web:
    image: a
    env_file: ./.env
`,
		want: `services:
  web:
    image: a
    env_file: PLACE
`,
	},
	{
		name: "in quotes, with the same text elsewhere",
		compose: `services:
  web:
    image: a
    env_file: '.env'
    labels: {é: ".env"}
`,
		want: `services:
  web:
    image: a
    env_file: PLACE
    labels: {é: ".env"}
`,
	},
	{
		name: "in a list",
		compose: `services:
  web:
    image: a
    env_file: [other.env, ".env", .env]
`,
		want: `services:
  web:
    image: a
    env_file: [other.env, PLACE, PLACE]
`,
	},
	{
		name: "in a mapping",
		compose: `services:
  web:
    image: a
    env_file:
      - path: .env
        required: false
`,
		want: `services:
  web:
    image: a
    env_file:
      - path: PLACE
        required: false
`,
	},
	{
		name: "after characters of several bytes",
		compose: `services:
  web:
    image: a
    labels: {ключ: ü}
    env_file: {x: y}
`,
	},
	{
		name: "another file",
		compose: `services:
  web:
    image: a
    env_file: web.env
`,
	},
	{
		name: "by an anchor, once",
		compose: `x-a: &a
  env_file: .env
services:
  web: {<<: *a, image: a}
  db: {<<: *a, image: b}
`,
		want: `x-a: &a
  env_file: PLACE
services:
  web: {<<: *a, image: a}
  db: {<<: *a, image: b}
`,
	},
}
