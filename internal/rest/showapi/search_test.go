package showapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/rest/resttest"
)

type shownSearch struct {
	resttest.ShownLog
	Matches   []int
	ScannedTo int `json:"scanned_to"`
	Found     int
	Total     *int
}

func search(t *testing.T, w *resttest.World, id deployment.ID, query string) shownSearch {
	t.Helper()
	return resttest.Want[shownSearch](t, w, http.StatusOK, resttest.Request{
		Operation: "readLog", PathUUID: string(id), Query: query,
	})
}

// numbered is a deployment whose log has lines 1 to n, ten in a chunk.
func numbered(t *testing.T, w *resttest.World, n int) deployment.Record {
	t.Helper()
	record := w.Running(t)
	for first := 1; first <= n; first += 10 {
		var lines []string
		for i := first; i < first+10 && i <= n; i++ {
			lines = append(lines, fmt.Sprint("line ", i))
		}
		record = w.Write(t, record, lines...)
	}
	return record
}

func TestSearch(t *testing.T) {
	w := resttest.New(t)
	record := numbered(t, w, 95)
	t.Run("has matches, where it ended, and no total while the log grows", func(t *testing.T) {
		got := search(t, w, record.ID, "?q=line+9")
		if diff := cmp.Diff(got.Matches, []int{9, 90, 91, 92, 93, 94, 95}); diff != "" ||
			len(got.Entries) != 7 || got.ScannedTo != 95 || got.Found != 7 || got.Total != nil {
			t.Errorf("%+v %s", got, diff)
		}
	})
	w.Finish(t, record)
	t.Run("has a total at the end of the log, over all pages", func(t *testing.T) {
		var matches []int
		page, query := shownSearch{}, ""
		for pages := 1; page.Total == nil; pages++ {
			page = search(t, w, record.ID, "?q=9&limit=4"+query)
			matches = append(matches, page.Matches...)
			query = fmt.Sprintf("&after=%d&found=%d", page.Next, page.Found)
			if page.Complete != (page.Total != nil) || pages > 10 {
				t.Fatalf("page %d: %+v", pages, page)
			}
		}
		if *page.Total != 15 || len(matches) != 15 {
			t.Errorf("total %d, %d matches", *page.Total, len(matches))
		}
	})
	t.Run("shows the lines around", func(t *testing.T) {
		got := search(t, w, record.ID, "?q=^line+(50|53)$&regex=true&context=2")
		want := []string{
			"line 48", "line 49", "line 50", "line 51", "line 52", "line 53", "line 54", "line 55",
		}
		if diff := cmp.Diff(got.Outputs(), want); diff != "" || fmt.Sprint(got.Matches) != "[50 53]" {
			t.Errorf("matches %v, lines (-got +want):\n%s", got.Matches, diff)
		}
	})
	t.Run("as text is as of grep", func(t *testing.T) {
		if got := w.Text(t, record.ID, "&q=line+5&context=1"); !strings.HasPrefix(got,
			"line 4\nline 5\nline 6\nline 49\nline 50\n") || !strings.HasSuffix(got, "line 59\nline 60\n") {
			t.Errorf("text = %s", got)
		}
	})
}

func TestTheEndOfALog(t *testing.T) {
	w := resttest.New(t)
	record := numbered(t, w, 45)
	for query, want := range map[string]string{
		"?after=-3":           "[line 43 line 44 line 45]",
		"?after=-3&limit=2":   "[line 43 line 44]",
		"?after=-3&q=4":       "[line 43 line 44 line 45]",
		"?after=-1000&q=33":   "[line 33]",
		"?after=-2&step=none": "[]",
	} {
		if got := w.ReadLog(t, record.ID, query); fmt.Sprint(got.Outputs()) != want {
			t.Errorf("%s: %v, want %s", query, got.Outputs(), want)
		}
	}
	if got := w.ReadLog(t, record.ID, "?after=-1000"); len(got.Entries) != 45 {
		t.Errorf("%d entries of the last 1000, want all 45", len(got.Entries))
	}
	if got := w.Text(t, record.ID, "&after=-2"); !strings.HasPrefix(got, "line 44\nline 45\n[waybill] ") {
		t.Errorf("text = %s", got)
	}
}

func TestALogSinceATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := resttest.New(t)
		record := w.Write(t, w.Running(t), "early")
		time.Sleep(2 * time.Millisecond)
		at := time.Now().UTC()
		record = w.Write(t, record, "late")
		for _, c := range []struct {
			at   time.Time
			want string
		}{
			{at, "[late]"}, {at.Add(-time.Hour), "[early late]"}, {at.Add(time.Hour), "[]"},
		} {
			query := "?since=" + url.QueryEscape(c.at.Format(time.RFC3339Nano))
			if got := w.ReadLog(t, record.ID, query); fmt.Sprint(got.Outputs()) != c.want || got.Next != 2 {
				t.Errorf("%s: %v, next %d; want %s", query, got.Outputs(), got.Next, c.want)
			}
		}
		record = w.Record(t, record, func(r *logbook.Recorder) { r.Message("wrong", logbook.Stderr) })
		if got := w.ReadLog(t, record.ID, "?stream=stderr"); fmt.Sprint(got.Outputs()) != "[wrong]" {
			t.Errorf("on stderr: %v", got.Outputs())
		}
	})
}

// TestP9ASearchFindsNothingHidden is for a token that sees only what it was given.
func TestP9ASearchFindsNothingHidden(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	token := w.Mint(t, access.Deploy)
	uuid := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startApplication", PathUUID: w.Application(t, server), Token: token,
	}).DeploymentUUID
	w.WriteHidden(t, w.Begin(t, server), "shown one", "hidden one", "shown two")
	for bearer, want := range map[string]int{token: 1, w.Root: 2} {
		got := resttest.Want[shownSearch](t, w, http.StatusOK, resttest.Request{
			Operation: "readLog", PathUUID: uuid, Query: "?q=one&context=5", Token: bearer,
		})
		if len(got.Matches) != want || len(got.Entries) != want+1 || got.Found != want {
			t.Errorf("%d matches, want %d: %+v", len(got.Matches), want, got)
		}
	}
}
