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

// inlineWorld is an application with its Dockerfile, on a real docker engine.
type inlineWorld struct {
	app  *catalog.Application
	data string
}

func newInlineWorld(t *testing.T) *inlineWorld {
	t.Helper()
	needEngine(t)
	id, err := catalog.NewID(catalog.KindApplication, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &inlineWorld{app: inlineApp(nil), data: t.TempDir()}
	w.app.Resource = resource(id)
	w.app.HealthTimeout = 20 * time.Second
	w.app.Environment = []catalog.Variable{{Name: "GIVEN", Value: "given"}}
	w.app.Inline.Health = catalog.HealthCheck{Command: "test -e /built", IntervalSeconds: 1}
	t.Cleanup(func() { w.perform(t, deployment.Delete, deployment.Options{}) })
	return w
}

// perform performs an operation with the application's present Dockerfile.
func (w *inlineWorld) perform(
	t *testing.T, operation deployment.Operation, options deployment.Options,
) []result {
	t.Helper()
	plan, err := recipe.Build(recipe.Input{Resource: w.app, DataDir: w.data, Deployment: deploymentID,
		Operation: operation, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return perform(t, plan)
}

// built is the text that the image in the container was built with.
func (w *inlineWorld) built(t *testing.T) string {
	t.Helper()
	said, err := exec.Command("docker", "exec", string(w.app.ID), "cat", "/built").CombinedOutput()
	if err != nil {
		t.Errorf("docker exec: %v: %s", err, said)
	}
	return strings.TrimSpace(string(said))
}

// builtWith is a Dockerfile whose image has the text.
func builtWith(text string) string {
	return "ARG BASE=" + busybox + "\nFROM ${BASE}\nARG GIVEN=none\nRUN echo \"" + text +
		" $GIVEN\" >/built\nCMD [\"sleep\", \"1000\"]\n"
}

func TestAnInlineDockerfileIsBuiltAndRuns(t *testing.T) {
	const same = "The Dockerfile is the same as in the last build"
	w := newInlineWorld(t)
	w.app.Inline.Text = builtWith("one")
	wantOutcome(t, w.perform(t, deployment.Start, deployment.Options{}), 0, "!"+same)
	if got := w.built(t); got != "one none" {
		t.Errorf("the image has %q, want what the Dockerfile wrote, without variables", got)
	}
	t.Run("a restart builds nothing", func(t *testing.T) {
		wantOutcome(t, w.perform(t, deployment.Restart, deployment.Options{}), 0, same)
	})
	t.Run("a forced restart builds", func(t *testing.T) {
		wantOutcome(t, w.perform(t, deployment.Restart, deployment.Options{Force: true}), 0, "!"+same)
	})
	t.Run("a restart with another Dockerfile builds that one", func(t *testing.T) {
		w.app.Inline.Text = builtWith("two")
		wantOutcome(t, w.perform(t, deployment.Restart, deployment.Options{}), 0, "!"+same)
		if got := w.built(t); got != "two none" {
			t.Errorf("the image has %q, want two none", got)
		}
	})
	t.Run("the build sees no other file of the control folder", func(t *testing.T) {
		for _, file := range []string{"container.env", "../container.env", "docker-compose.yml"} {
			w.app.Inline.Text = "FROM " + busybox + "\nCOPY " + file + " /stolen\n"
			results := w.perform(t, deployment.Deploy, deployment.Options{})
			if results[0].exit == 0 {
				t.Errorf("COPY %s: %s", file, output(results))
			}
		}
		if got := w.built(t); got != "two none" { // a failed build stops nothing
			t.Errorf("the image has %q, want two none", got)
		}
	})
	t.Run("a deletion removes the image", func(t *testing.T) {
		wantOutcome(t, w.perform(t, deployment.Delete, deployment.Options{}), 0)
		image := "waybill/" + string(w.app.ID) + ":latest"
		if said, err := exec.Command("docker", "image", "inspect", image).CombinedOutput(); err == nil {
			t.Errorf("the image is still there: %s", said)
		}
	})
}

// TestInlineBuild has when inline.sh builds, with a stub of docker that shows a label.
func TestInlineBuild(t *testing.T) {
	script, err := os.ReadFile("sh/inline.sh")
	if err != nil {
		t.Fatal(err)
	}
	const stubs = `tell() { "$@"; }
compose() { echo "compose $*"; }
docker() {
	case $* in
	'image inspect --format {{index .Config.Labels "waybill.dockerfile"}} waybill/app:latest') ;;
	*) echo "unexpected: docker $*"; return 1 ;;
	esac
	echo "$shown"
	return "$status"
}
image=waybill/app:latest label=waybill.dockerfile dockerfile=0123abcd
set -- --no-cache
`
	const builds, reuses = "compose build --no-cache\n",
		"The Dockerfile is the same as in the last build, so nothing is built.\n"
	for shell, sh := range shells(t) {
		for _, c := range []struct{ name, set, want string }{
			{"the same Dockerfile", "again=yes shown=0123abcd status=0", reuses},
			{"another Dockerfile", "again=yes shown=9999 status=0", builds},
			{"no image", "again=yes shown='' status=1", builds},
			{"an image of before the label", "again=yes shown='' status=0", builds},
			{"no restart", "again='' shown=0123abcd status=0", builds},
		} {
			t.Run(shell+", "+c.name, func(t *testing.T) {
				args := append(slices.Clone(sh[1:]), "-e", "-c", c.set+"\n"+stubs+string(script))
				got, err := exec.Command(sh[0], args...).CombinedOutput()
				if err != nil || string(got) != c.want {
					t.Errorf("%v: %q, want %q", err, got, c.want)
				}
			})
		}
	}
}
