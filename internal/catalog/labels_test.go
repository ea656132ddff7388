package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func TestLabels(t *testing.T) {
	check := func(labels catalog.Labels) (catalog.Labels, map[string][]string) {
		draft := goodApplication()
		draft.Labels = labels
		return draft.Labels, fault.Fields(catalog.Check(draft))
	}
	t.Run("tags become lower case, sorted and unique", func(t *testing.T) {
		draft := goodApplication()
		draft.Labels = catalog.Labels{Project: " shop ", Tags: []string{" Web", "blue", "web", "BLUE"}}
		if err := catalog.Check(draft); err != nil {
			t.Fatal(err)
		}
		want := catalog.Labels{Project: "shop", Tags: []string{"blue", "web"}}
		if diff := cmp.Diff(draft.Labels, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	many := strings.Split(strings.Repeat("abcdefghijklmnopqrstuv", 1), "")
	long := strings.Repeat("é", catalog.MaxLabelLength+1)
	for _, c := range []struct {
		name   string
		labels catalog.Labels
		field  string
	}{
		{"a long project", catalog.Labels{Project: long}, "project_uuid"},
		{"an environment of two lines", catalog.Labels{Environment: "a\nb"}, "environment_name"},
		{"an empty tag", catalog.Labels{Tags: []string{"web", " "}}, "tags.1"},
		{"a long tag", catalog.Labels{Tags: []string{long}}, "tags.0"},
		{"a tag with a comma", catalog.Labels{Tags: []string{"a,b"}}, "tags.0"},
		{"a tag with a control character", catalog.Labels{Tags: []string{"a\x1b[1m"}}, "tags.0"},
		{"too many tags", catalog.Labels{Tags: many}, "tags"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if _, fields := check(c.labels); len(fields) != 1 || fields[c.field] == nil {
				t.Errorf("fields = %v, want %s", fields, c.field)
			}
		})
	}
	t.Run("labels count for the size of the head", func(t *testing.T) {
		draft := goodApplication()
		draft.Description = strings.Repeat("é", catalog.MaxDescriptionLength)
		for tag := range catalog.MaxTags {
			draft.Labels.Tags = append(draft.Labels.Tags, strings.Repeat(string(rune('a'+tag)), 80))
		}
		if fields := fault.Fields(catalog.Check(draft)); fields["description"] == nil {
			t.Errorf("fields = %v, want the description to be too large", fields)
		}
	})
}

func TestSelection(t *testing.T) {
	labels := catalog.Labels{Project: "shop", Environment: "production", Tags: []string{"blue", "web"}}
	for _, c := range []struct {
		name      string
		selection catalog.Selection
		want      bool
	}{
		{"nothing", catalog.Selection{}, true},
		{"one of its tags", catalog.Selection{Tags: catalog.ParseTags("green, WEB")}, true},
		{"another tag", catalog.Selection{Tags: catalog.ParseTags("green")}, false},
		{"its project", catalog.Selection{Project: "shop", Environment: "production"}, true},
		{"another project", catalog.Selection{Project: "sho", Environment: "production"}, false},
		{"another environment", catalog.Selection{Project: "shop", Environment: "staging"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.selection.Has(labels); got != c.want {
				t.Errorf("Has = %v, want %v", got, c.want)
			}
		})
	}
}
