package recipe_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// hard are values that some reader of environment files would not read as they are.
var hard = []string{
	"", " ", "plain", "a b", " both ends ", `'`, `"`, `\`, `\\`, `a\`, `\'`, `\"`, `'"'`, "$", "$$",
	"${HOME}", "$(id)", "`id`",
	"a\nb", "a\r\nb", "a\rb", "\r", "\n", "#", " # not a comment", "a=b", "é ü 漢字", "\x01\x7f",
	`\n`, `\r`,
	`\$x`, `\0101`, "!!", "%s",
	`!"#$%&'()*+,-./:;<=>?@[\]^_{|}~` + "`",
}

// environmentFile is the file that a plan sends for one secret with that value.
func environmentFile(t testing.TB, resource catalog.Deployable, value string) []byte {
	t.Helper()
	resource.Shared().Environment = []catalog.Variable{
		{Name: "VALUE", Secret: true}, {Name: "NEXT", Value: "next"},
	}
	plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: "/data", Operation: deployment.Start,
		Secrets: map[string]string{"VALUE": value}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range plan.Job.Files {
		if file.Path == ".env" {
			return file.Content
		}
	}
	t.Fatal("the plan has no environment file")
	return nil
}

func TestEnvironmentFiles(t *testing.T) {
	for _, value := range hard {
		checkShellFile(t, value)
		checkDotenvFile(t, value)
	}
}

func FuzzDotenvFile(f *testing.F) {
	for _, value := range hard {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.Contains(value, "\x00") {
			t.Skip("no environment can hold a NUL")
		}
		checkDotenvFile(t, value)
	})
}

func checkDotenvFile(t *testing.T, value string) {
	t.Helper()
	file := environmentFile(t, composeService("services: {web: {image: a}}\n"), value)
	got, err := dotenv.Parse(bytes.NewReader(file))
	if err != nil || got["VALUE"] != value || got["NEXT"] != "next" {
		t.Errorf("compose reads %q (%v) from %s, want %q", got, err, file, value)
	}
}

func checkShellFile(t *testing.T, value string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, environmentFile(t, shellApp(catalog.Shell{Start: "true"}), value),
		0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("sh", "-c", `. "$0"; printf '%s|%s' "$VALUE" "$NEXT"`, path).Output()
	if err != nil || string(said) != value+"|next" {
		t.Errorf("sh reads %q (%v), want %q", said, err, value)
	}
}
