package recipe_test

import (
	"strings"
	"testing"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// TestEnvFileNamesTheServicesVariables checks that a compose file that names the
// service's own .env gets it, although the file lies where no container can reach it.
func TestEnvFileNamesTheServicesVariables(t *testing.T) {
	const place = `"/data/control/services/svc000000000000000000001/.env"`
	for _, c := range []struct{ name, given, want string }{
		{"a path", "    env_file: .env # its own\n", "    env_file: " + place + " # its own\n"},
		{"a path from here", "    env_file: ./.env\n", "    env_file: " + place + "\n"},
		{"quoted", "    env_file: '.env'\n    labels: {é: \".env\"}\n",
			"    env_file: " + place + "\n    labels: {é: \".env\"}\n"},
		{"in a list", "    env_file: [other.env, \".env\", .env]\n",
			"    env_file: [other.env, " + place + ", " + place + "]\n"},
		{"in a mapping", "    env_file:\n      - path: .env\n        required: false\n",
			"    env_file:\n      - path: " + place + "\n        required: false\n"},
		{"behind characters of several bytes", "    labels: {ключ: ü}\n    env_file: {x: y}\n",
			"    labels: {ключ: ü}\n    env_file: {x: y}\n"},
		{"another file", "    env_file: web.env\n", "    env_file: web.env\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := "services:\n  web:\n    image: a\n"
			plan, err := recipe.Build(recipe.Input{Resource: composeService(head + c.given), DataDir: "/data",
				Deployment: "d",
				Operation:  deployment.Stop, Secrets: map[string]string{"PASSWORD": "pw"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range plan.Job.Files {
				if got := string(file.Content); strings.HasSuffix(file.Path, "docker-compose.yml") &&
					got != head+c.want {
					t.Errorf("got\n%s\nwant\n%s", got, head+c.want)
				}
			}
		})
	}
	t.Run("by an anchor, once", func(t *testing.T) {
		compose := "x-a: &a\n  env_file: .env\nservices:\n  web: {<<: *a, image: a}\n  db: {<<: *a, " +
			"image: b}\n"
		plan, err := recipe.Build(recipe.Input{Resource: composeService(compose), DataDir: "/data",
			Deployment: "d",
			Operation:  deployment.Stop, Secrets: map[string]string{"PASSWORD": "pw"}})
		if err != nil ||
			!strings.Contains(string(plan.Job.Files[0].Content), "  env_file: "+place+"\nservices:") {
			t.Errorf("%v, %q", err, plan.Job.Files[0].Content)
		}
	})
}
