package recipe_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

// laughs is a document of a few hundred bytes that expands to 9 to the power of 9
// words.
func laughs(entry string) string {
	var out strings.Builder
	out.WriteString("x-0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&out, "x-%d: &a%d [%s]\n", i, i,
			strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return out.String() + entry
}

func TestCheckIsBounded(t *testing.T) {
	deep := "services: {web: {image: a, x-deep: " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) +
		"}}\n"
	var chain strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&chain, "x-%d: &m%d\n  <<: [*m%d, *m%d]\n", i+1, i+1, i, i)
	}
	for _, c := range []struct{ name, compose string }{
		{"a billion laughs", laughs("services: {web: {image: a}}\n")},
		{"a billion laughs in a service", laughs("services: {web: {image: a, command: *a8}}\n")},
		{"an alias of itself", "services: &s\n  web: {image: a, x-me: *s}\n"},
		{"a nest of 20000 lists", deep},
		{"a nest of 20000 variables",
			"services: {web: {image: a, command: \"" + strings.Repeat("${A:-", 20_000) + "\"}}\n"},
		{"a chain of 4000 merges", "x-0: &m0 {a: b}\n" + chain.String() + "services: {web: {image: a}}\n"},
	} {
		t.Run(c.name+" is refused in no time", func(t *testing.T) {
			done := make(chan error, 1)
			go func() {
				done <- recipe.Check(t.Context(), composeService(c.compose),
					&catalog.Server{ForbidHostAccess: true, DataDir: "/data"})
			}()
			select {
			case err := <-done:
				if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)["docker_compose"]) == 0 {
					t.Errorf("%v, want Invalid with a reason", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the check does not end")
			}
		})
	}
}
