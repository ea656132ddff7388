package runner_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/recipe"
	"waybill/internal/runner"
)

func TestTheExcerptOfAFailure(t *testing.T) {
	w := newWorld(t)
	secrets := map[string]string{"PASSWORD": "correct-horse-battery"}
	const script = `seq 1 2000; echo "with $PASSWORD"; printf '\033[2Jfatal: no tea\n' >&2; exit 3`
	id := w.claimed(t, catalog.Shell{Start: script}, secrets)
	record, _ := w.run(t, id)
	if record.Status != deployment.Failed {
		t.Fatalf("status %s", record.Status)
	}
	text, err := w.Excerpts().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1999\n2000\n", "with <REDACTED", "fatal: no tea\n", "Failed after"} {
		if !strings.Contains(text, want) {
			t.Errorf("the excerpt lacks %q:\n%s", want, text)
		}
	}
	if len(text) > deployment.MaxExcerpt || strings.ContainsAny(text, "\x1b") ||
		strings.Contains(text, secrets["PASSWORD"]) {
		t.Errorf("the excerpt has %d bytes, a control character or the secret:\n%s", len(text), text)
	}
	t.Run("a scrub removes it", func(t *testing.T) {
		if scrub, _ := w.run(t, w.asked(t, id.Resource(), deployment.Scrub)); scrub.Status !=
			deployment.Finished {
			t.Fatalf("the scrub is %s", scrub.Status)
		}
		if text, err := w.Excerpts().Get(t.Context(), id); !errors.Is(err, fault.NotFound) {
			t.Errorf("the excerpt is still there: %q, %v", text, err)
		}
	})
}

func TestWhatFinishedHasNoExcerpt(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "echo fine"}, nil)
	w.run(t, id)
	if text, err := w.Excerpts().Get(t.Context(), id); !errors.Is(err, fault.NotFound) {
		t.Errorf("excerpt %q, %v; want NotFound", text, err)
	}
}

func TestExcerptOf(t *testing.T) {
	lines := func(step string, texts ...string) (all []logbook.Entry) {
		for _, text := range texts {
			all = append(all, logbook.Entry{Step: step, Output: text})
		}
		return all
	}
	many := func(text string) (all []string) {
		for i := range 50 {
			all = append(all, fmt.Sprintf("%s %d %s", text, i, strings.Repeat("-", 80)))
		}
		return all
	}
	web := append([]string{"web-1 exited with code 1.", "The last 50 lines of web-1:"}, many("web")...)
	other := append([]string{"db-1 is starting.", "The last 50 lines of db-1:"}, many("db")...)
	for _, c := range []struct {
		name    string
		entries []logbook.Entry
		has     []string
		lacks   []string
	}{
		{"nothing", nil, []string{""}, nil},
		{"the end of the output", lines("Start", many("out")...), []string{"out 49", "out 40"},
			[]string{"out 1 "}},
		{"the first container of a report",
			append(lines("Health", many("waits")...), lines(recipe.ReportStep, append(web, other...)...)...),
			[]string{"web-1 exited with code 1.\nThe last 50 lines of web-1:\nweb ", "web 49"},
			[]string{"waits", "db 49", "web 1 "}},
		{"a report without output", lines(recipe.ReportStep, "web-1 was created and not started."),
			[]string{"web-1 was created"}, nil},
		{"one line that is too long", lines(recipe.ReportStep, strings.Repeat("é", 4000)), []string{"éé"},
			nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runner.ExcerptOf(c.entries)
			for _, want := range c.has {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, got)
				}
			}
			for _, other := range c.lacks {
				if strings.Contains(got, other) {
					t.Errorf("has %q:\n%s", other, got)
				}
			}
			if len(got) > deployment.MaxExcerpt {
				t.Errorf("has %d bytes", len(got))
			}
		})
	}
}
