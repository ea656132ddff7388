package composefile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/composefile"
)

func TestVariables(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []composefile.Variable
	}{
		{name: "none", text: "plain { text }"},
		{name: "a dollar sign", text: "$$A and $${B} and $1 and $"},
		{
			name: "with and without braces",
			text: "$A-${B}",
			want: []composefile.Variable{{Name: "A"}, {Name: "B"}},
		},
		{
			name: "with operators",
			text: "${A:-a b}${B?say so}${C:+}",
			want: []composefile.Variable{{Name: "A", Operator: ":-", Text: "a b"},
				{Name: "B", Operator: "?", Text: "say so"}, {Name: "C", Operator: ":+"}},
		},
		{
			name: "nested ones",
			text: "${A:-${B:?x}/$C}",
			want: []composefile.Variable{{Name: "A", Operator: ":-", Text: "${B:?x}/$C"},
				{Name: "B", Operator: ":?", Text: "x", Nested: true}, {Name: "C", Nested: true}},
		},
		{
			name: "braces in a text",
			text: `${A:-{"b": {}}}c`,
			want: []composefile.Variable{{Name: "A", Operator: ":-", Text: `{"b": {}}`}},
		},
		{
			name: "one that is not closed",
			text: "${A:-b",
			want: []composefile.Variable{{Name: "A", Operator: ":-"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(composefile.Variables(c.text), c.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
	t.Run("many nested ones take no time", func(t *testing.T) {
		if got := len(composefile.Variables(strings.Repeat("${A:-", 1<<16))); got != 1<<16 {
			t.Errorf("%d variables", got)
		}
	})
}
