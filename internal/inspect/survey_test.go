package inspect_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// stocked is a shell on a server that has one image and no container.
type stocked struct{ scripts int }

var imageID = "sha256:" + strings.Repeat("0", 64)

func (s *stocked) Run(_ context.Context, script string, _ []string, stdout, _ io.Writer) (int, error) {
	s.scripts++
	answer := "\nwaybill-status\nE\n"
	if strings.Contains(script, "set -- 'web'") {
		answer = "\nwaybill-present\nI 0 " + imageID + "\nE\n"
	}
	_, err := io.WriteString(stdout, answer)
	return 0, err
}

func (*stocked) Close() error { return nil }

var _ remote.Shell = (*stocked)(nil)

func TestAsk(t *testing.T) {
	got, err := inspect.Ask(t.Context(), &stocked{}, service(), "/data", []string{"web"})
	want := inspect.Survey{Status: "exited",
		Present: recipe.Present{Images: map[string]string{"web": imageID}}}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
	t.Run("a shell application has no containers to ask for", func(t *testing.T) {
		shell := &stocked{}
		got, err := inspect.Ask(t.Context(), shell, shellApp("running:healthy"), "/data", nil)
		if err != nil || shell.scripts != 1 {
			t.Errorf("%+v (%v) by %d scripts", got, err, shell.scripts)
		}
	})
	t.Run("a server that cannot tell is Unavailable", func(t *testing.T) {
		_, err := inspect.Ask(t.Context(), canned{"\nwaybill-status\nE\n", 0, nil}, service(), "/data", nil)
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("error = %v", err)
		}
	})
}
