package composefile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/composefile"
)

func TestServices(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []composefile.Service
	}{
		{
			"in the order of the file",
			"services:\n  web:\n    image: wiki:${TAG:-2}\n  db: {image: postgres}\n  built:\n    build: .\n",
			[]composefile.Service{
				{Name: "web", Image: "wiki:${TAG:-2}"},
				{Name: "db", Image: "postgres"},
				{Name: "built"},
			},
		},
		{
			"with aliases and merges",
			"x-base: &base {image: a}\nservices:\n  one: *base\n  two: {<<: *base}\n",
			[]composefile.Service{{Name: "one", Image: "a"}, {Name: "two", Image: "a"}},
		},
		{"of nothing", "", nil},
		{"of another document", "- services\n", nil},
		{"of no YAML", "services: [", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(composefile.Services(c.text), c.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}
