package recipe_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/recipe"
)

// The ids of two images.
var (
	oneImage     = "sha256:" + containerID
	anotherImage = "sha256:" + strings.Repeat("f", 64)
)

func TestParsePresent(t *testing.T) {
	const head = "a banner\nE\n\nwaybill-present\n"
	images := []string{"redis:7", "web", "absent"}
	got, err := recipe.ParsePresent(head+"C web exited "+oneImage+" /shop-web-1\nC db running "+anotherImage+
		" /shop-db-1\nI 0 "+oneImage+"\nI 1 "+anotherImage+"\nE\n", images)
	want := recipe.Present{
		Containers: []recipe.PresentContainer{
			{Service: "db", State: "running", Image: anotherImage, Name: "shop-db-1"},
			{Service: "web", State: "exited", Image: oneImage, Name: "shop-web-1"},
		},
		Images: map[string]string{"redis:7": oneImage, "web": anotherImage},
	}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
	for name, output := range map[string]string{
		"no marker":            "C web exited " + oneImage + " /web\nE\n",
		"no end":               head + "C web exited " + oneImage + " /web\n",
		"a reason":             head + "F Docker is not installed.\nE\n",
		"a part too few":       head + "C web exited " + oneImage + "\nE\n",
		"a state with a word":  head + "C web Exited! " + oneImage + " /web\nE\n",
		"a name with a colour": head + "C web exited " + oneImage + " /\x1b[31mred\nE\n",
		"an image too many":    head + "I 3 " + oneImage + "\nE\n",
		"an image before all":  head + "I -1 " + oneImage + "\nE\n",
		"an id that is none":   head + "I 0 latest\nE\n",
	} {
		if got, err := recipe.ParsePresent(output, images); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v; want Unavailable", name, got, err)
		}
	}
}

// TestPresentScriptAsksDocker has a docker that knows one container and one image.
func TestPresentScriptAsksDocker(t *testing.T) {
	folder := t.TempDir()
	docker := `#!/bin/sh
case $1-$2 in
ps-*) echo "$*" >>"$0.asked"; echo one; echo two ;;
container-inspect) echo "$*" >>"$0.asked"; echo "C web running ` + oneImage + ` /web-1" ;;
image-inspect) [ "$6" = "it's" ] && echo ` + anotherImage + ` ;;
esac
`
	program := filepath.Join(folder, "docker")
	if err := os.WriteFile(program, []byte(docker), 0o755); err != nil {
		t.Fatal(err)
	}
	images := []string{"absent", "it's"}
	cmd := exec.Command("sh", "-s")
	cmd.Stdin = strings.NewReader(recipe.PresentScript("svc000000000000000000001", images))
	cmd.Env = []string{"PATH=" + folder + ":" + os.Getenv("PATH")}
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := recipe.ParsePresent(string(output), images)
	want := recipe.Present{
		Containers: []recipe.PresentContainer{
			{Service: "web", State: "running", Image: oneImage, Name: "web-1"}},
		Images: map[string]string{"it's": anotherImage},
	}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s\n%s", err, diff, output)
	}
	asked, err := os.ReadFile(program + ".asked")
	if err != nil || !strings.Contains(string(asked), "ps --all --quiet --no-trunc "+
		"--filter label=com.docker.compose.project=svc000000000000000000001 "+
		"--filter label=com.docker.compose.oneoff=False\n") ||
		!strings.HasSuffix(string(asked), " one two\n") {
		t.Errorf("docker was asked (%v)\n%s", err, asked)
	}
}

func TestEffects(t *testing.T) {
	image := func(service string, source recipe.ImageSource) recipe.PreviewImage {
		return recipe.PreviewImage{Service: service, Reference: service + ":1", Source: source}
	}
	plain := recipe.Preview{Steps: []recipe.PreviewStep{{Name: "Start"}},
		Images: []recipe.PreviewImage{image("web", recipe.PullMissing)}}
	present := recipe.Present{
		Containers: []recipe.PresentContainer{{Service: "web", Name: "web-1", Image: oneImage},
			{Service: "web", Name: "web-2", Image: oneImage}},
		Images: map[string]string{"web:1": oneImage},
	}
	with := func(change func(*recipe.Preview)) recipe.Preview {
		preview := plain
		change(&preview)
		return preview
	}
	other := present
	other.Images = map[string]string{"web:1": anotherImage}
	pulled := present
	pulled.Images = nil
	for name, c := range map[string]struct {
		preview recipe.Preview
		present recipe.Present
		changed bool
		want    []recipe.Effect
	}{
		"nothing has changed": {plain, present, false, []recipe.Effect{recipe.Kept, recipe.Kept}},
		"something has changed": {plain, present, true,
			[]recipe.Effect{recipe.Unclear, recipe.Unclear}},
		"another image has the name": {plain, other, true,
			[]recipe.Effect{recipe.Recreated, recipe.Recreated}},
		"the image will be pulled": {plain, pulled, false,
			[]recipe.Effect{recipe.Unclear, recipe.Unclear}},
		"there is none": {plain, recipe.Present{}, false, []recipe.Effect{recipe.Created}},
		"all are recreated": {with(func(p *recipe.Preview) { p.Recreates = true }), present, false,
			[]recipe.Effect{recipe.Recreated, recipe.Recreated}},
		"the service is gone": {with(func(p *recipe.Preview) {
			p.Images = []recipe.PreviewImage{image("db", recipe.PullMissing)}
		}), present, false, []recipe.Effect{recipe.Removed, recipe.Removed, recipe.Created}},
		"the file is in a repository": {with(func(p *recipe.Preview) { p.Images, p.Fetches = nil, true }),
			present, false, []recipe.Effect{recipe.Unclear, recipe.Unclear}},
		"a newer image is asked for": {with(func(p *recipe.Preview) {
			p.Images = []recipe.PreviewImage{image("web", recipe.PullNewer)}
		}), present, false, []recipe.Effect{recipe.Unclear, recipe.Unclear}},
		"it cannot start": {recipe.Preview{}, present, false,
			[]recipe.Effect{recipe.Unclear, recipe.Unclear}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []recipe.Effect
			for _, one := range c.preview.Effects(c.present, c.changed) {
				got = append(got, one.Effect)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}
