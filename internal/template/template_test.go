package template_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"waybill/internal/catalog"
	"waybill/internal/template"
	"waybill/internal/template/templatetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const uuid = "svc000000000000000000001"

// now is a time for tokens, which say when they were made.
func now() time.Time { return time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC) }

func read(t testing.TB, text string) *template.File {
	t.Helper()
	var documents []*yaml.Node
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, document.Content[0])
	}
	file, err := template.New(documents)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// input is what a new service with the variables gets its variables from.
func input(variables ...catalog.Variable) catalog.TemplateInput {
	return catalog.TemplateInput{
		Service: &catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: uuid},
			Environment: variables}},
		Server: &catalog.Server{Address: "203.0.113.7"},
		Now:    now(), Random: rand.NewChaCha8([32]byte{1}),
	}
}

func complete(t testing.TB, text string, given catalog.TemplateInput) []catalog.Variable {
	t.Helper()
	added, err := read(t, text).Complete(given)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func plain(t testing.TB, text string) template.Plain {
	t.Helper()
	made, err := read(t, text).Plain(uuid)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCorpus compares what becomes of each file with its golden file.
func TestCorpus(t *testing.T) {
	for _, c := range templatetest.Corpus(t) {
		t.Run(c.Name, func(t *testing.T) {
			file := read(t, c.Text)
			if used := file.Used(); used != (c.Name != "plain") {
				t.Fatalf("Used is %v", used)
			}
			if !file.Used() {
				return
			}
			var out strings.Builder
			fmt.Fprintf(&out, "use: %+v\n\n", file.Use())
			for _, v := range complete(t, c.Text, input()) {
				kind := "plain "
				if v.Secret {
					kind = "secret"
				}
				fmt.Fprintf(&out, "%s %s=%s\n", kind, v.Name, v.Value)
			}
			made := plain(t, c.Text)
			fmt.Fprintf(&out, "\nfiles: %q\n\n%s", made.Files, made.Text)
			golden(t, c.Name, out.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestTwiceIsOnce applies the dialect to its own result.
func TestTwiceIsOnce(t *testing.T) {
	for _, c := range templatetest.Corpus(t) {
		t.Run(c.Name, func(t *testing.T) { checkTwice(t, c.Text) })
	}
}

func checkTwice(t *testing.T, text string) {
	t.Helper()
	given := input()
	added := complete(t, text, given)
	given.Service.Environment = added
	if again := complete(t, text, given); len(again) > 0 {
		t.Errorf("the second time adds %v", again)
	}
	once, err := read(t, text).Plain(uuid)
	if err != nil {
		return
	}
	twice := plain(t, once.Text)
	if diff := cmp.Diff(twice.Text, once.Text); diff != "" {
		t.Errorf("twice (-) is not once (+):\n%s", diff)
	}
	if again := complete(t, once.Text, given); len(again) > 0 {
		t.Errorf("the plain file adds %v", again)
	}
}

// FuzzTwiceIsOnce finds files for which the second application differs from the first,
// and files that the package cannot stand.
func FuzzTwiceIsOnce(f *testing.F) {
	for _, c := range templatetest.Corpus(f) {
		f.Add(c.Text)
	}
	f.Add("services: {a: &a {volumes: [*a]}}")
	f.Add("services: {a: {environment: {<<: [[x=1], {y: 2}]}, volumes: {<<: [b]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		if parses(text) {
			checkTwice(t, text)
		}
	})
}

// parses reports whether the text is a file that the recipes would give to this package.
func parses(text string) bool {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return n > 0
		}
		if err != nil || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
			return false
		}
		if _, err := template.New([]*yaml.Node{document.Content[0]}); err != nil {
			return false
		}
	}
}

func TestComplete(t *testing.T) {
	const file = `services:
  web:
    image: web
    environment:
      - SERVICE_URL_APP_3000
      - PASSWORD=${SERVICE_PASSWORD_DB}
      - ZONE=${TZ:-UTC}
`
	value := func(variables []catalog.Variable, name string) string {
		for _, v := range variables {
			if v.Name == name {
				return v.Value
			}
		}
		return "absent"
	}
	t.Run("variables that the service has stay as they are", func(t *testing.T) {
		added := complete(t, file, input(catalog.Variable{Name: "SERVICE_PASSWORD_DB", Value: "own"},
			catalog.Variable{Name: "TZ", Value: "Asia/Tokyo"}))
		for _, name := range []string{"SERVICE_PASSWORD_DB", "TZ"} {
			if got := value(added, name); got != "absent" {
				t.Errorf("%s is added as %q", name, got)
			}
		}
	})
	t.Run("a URL that the service has decides the others", func(t *testing.T) {
		added := complete(t, file,
			input(catalog.Variable{Name: "SERVICE_URL_APP", Value: "https://www.example.com/base/"}))
		for name, want := range map[string]string{
			"SERVICE_URL_APP": "absent", "SERVICE_FQDN_APP": "www.example.com/base",
			"SERVICE_URL_APP_3000":  "https://www.example.com:3000/base",
			"SERVICE_FQDN_APP_3000": "www.example.com:3000/base",
		} {
			if got := value(added, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("a domain of the server is in the URLs", func(t *testing.T) {
		given := input()
		given.Server.ServiceDomain = "apps.example.com"
		if got := value(complete(t, file, given), "SERVICE_URL_APP"); got !=
			"https://app-"+uuid+".apps.example.com" {
			t.Errorf("SERVICE_URL_APP is %q", got)
		}
	})
	t.Run("a generated variable that a change leaves out returns", func(t *testing.T) {
		given := input()
		given.Former = []catalog.Variable{{Name: "SERVICE_PASSWORD_DB", Secret: true},
			{Name: "SERVICE_URL_APP", Value: "https://www.example.com"}, {Name: "TZ", Value: "Asia/Tokyo"}}
		given.Secrets = map[string]string{"SERVICE_PASSWORD_DB": "former"}
		added := complete(t, file, given)
		for name, want := range map[string]string{
			"SERVICE_PASSWORD_DB": "former", "SERVICE_URL_APP": "https://www.example.com",
			"SERVICE_FQDN_APP_3000": "www.example.com:3000", "TZ": "UTC",
		} {
			if got := value(added, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("labels of the DNS are not too long", func(t *testing.T) {
		long := strings.Repeat("A", 70)
		added := complete(t, "services: {web: {environment: [SERVICE_FQDN_"+long+"]}}", input())
		label, _, _ := strings.Cut(value(added, "SERVICE_FQDN_"+long), ".")
		if len(label) != 63 || !strings.HasSuffix(label, "-"+uuid) {
			t.Errorf("the label is %q", label)
		}
	})
}

func TestRandomValuesDiffer(t *testing.T) {
	const file = "services: {web: {environment: [SERVICE_PASSWORD_A, SERVICE_PASSWORD_B]}}"
	given := input()
	seen := map[string]bool{}
	for range 100 {
		for _, v := range complete(t, file, given) {
			if seen[v.Value] {
				t.Fatalf("%q came twice", v.Value)
			}
			seen[v.Value] = true
		}
	}
}

func TestPlainRefuses(t *testing.T) {
	for _, c := range []struct {
		name, volume, service, want string
	}{
		{
			name:   "content in a container that cannot be written",
			volume: "{type: bind, source: ./a, target: /a, content: x}", service: "read_only: true, ",
			want: "line 1: services.web.volumes: content: cannot be written into a container with " +
				"read_only: true",
		},
		{
			name:   "a mode that is none",
			volume: "{type: bind, source: ./a, target: /a, content: x, mode: u+x}",
			want:   "line 1: services.web.volumes: mode: must be an octal number, such as 0644",
		},
		{
			name:   "an empty file elsewhere",
			volume: `{type: bind, source: ../a, target: /a, content: ""}`,
			want: "line 1: services.web.volumes: a file without content needs a path in the service's own " +
				"folder, such as ./data.db",
		},
		{
			name:   "an empty file in a folder of the server",
			volume: `{type: bind, source: /etc/a, target: /a, content: ""}`,
			want: "line 1: services.web.volumes: a file without content needs a path in the service's own " +
				"folder, such as ./data.db",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, "services: {web: {"+c.service+"volumes: ["+c.volume+"]}}").Plain(uuid)
			if wrong, is := errors.AsType[*template.Error](err); !is || wrong.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestNewIsBounded(t *testing.T) {
	laughs := "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
	for i := range 8 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1,
			strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	for name, text := range map[string]string{
		"a billion laughs":   laughs,
		"an alias of itself": "services: &s\n  web: {x-me: *s}\n",
	} {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		if _, err := template.New(document.Content); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
