package recipe_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// TestP13TheSessionReachesNoBuildOfARepository checks that a compose file from a
// repository, which only the server knows, sees no more of the session than a service
// does.
func TestP13TheSessionReachesNoBuildOfARepository(t *testing.T) {
	needEngine(t)
	u := newUpstream(t)
	u.commit("first", map[string]string{
		".env": "REPOSITORY=repository\nUSER=repository\n" +
			"COMPOSE_IGNORE_ORPHANS=true\nCOMPOSE_PROJECT_NAME=repository\n",
		"Dockerfile": "FROM " + busybox + "\nARG USER=none SESSION=none GIVEN=none\n" +
			"RUN echo \"built user=$USER session=$SESSION given=$GIVEN proxy=$HTTPS_PROXY\" >/built\n",
		"docker-compose.yaml": `services:
  web:
    build: {context: ., args: [USER, SESSION, GIVEN]}
    restart: 'no'
    command: sh -c 'cat /built; env'
    environment: [USER, HOME, PATH, SESSION, REPOSITORY]
`})
	id, err := catalog.NewID(catalog.KindApplication, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	app := composeApp(func(form *catalog.ComposeSource) { form.Repository = u.dir })
	app.Resource = resource(id)
	app.HealthTimeout = 20 * time.Second
	app.Environment = []catalog.Variable{{Name: "USER", Value: "appuser"}, {Name: "GIVEN", Value: "given"}}
	t.Cleanup(func() {
		down := []string{"compose", "--project-name", string(id), "down", "--rmi", "local", "--timeout", "0"}
		if said, err := exec.Command("docker", down...).CombinedOutput(); err != nil {
			t.Errorf("clean up: %v: %s", err, said)
		}
	})
	plan, err := recipe.Build(recipe.Input{Resource: app, DataDir: t.TempDir(), Deployment: deploymentID,
		Operation: deployment.Start})
	if err != nil {
		t.Fatal(err)
	}
	login := []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "GIT_DIR=/login"}
	const built = "built user=appuser session=none given=given proxy=\n"
	wantOutcome(t, perform(t, plan, append(login, loginSession...)...), 0, built, "!login")
	inspect := []string{"container", "inspect", "--format", `{{join .Config.Env "\n"}}`,
		string(id) + "-web-1"}
	said, err := exec.Command("docker", inspect...).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(strings.SplitSeq(strings.TrimSpace(string(said)), "\n"))
	want := append(imagePath(t), "REPOSITORY=repository", "USER=appuser")
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the container has %q, want %q", got, want)
	}
}
