package showapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

func TestWaitingForTheEnd(t *testing.T) {
	t.Run("answers when the deployment has ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			record := w.Running(t)
			go func() {
				time.Sleep(7 * time.Second)
				w.Finish(t, record)
			}()
			began := time.Now()
			answer := w.Ask(t, waiting(record, "?wait=20"))
			if took := time.Since(began); took < 7*time.Second || took > 9*time.Second {
				t.Errorf("it took %s, want 7 to 9 s", took)
			}
			if got := resttest.Into[resttest.ShownRecord](t, answer); got.Status != "finished" ||
				answer.Header.Get("Retry-After") != "" {
				t.Errorf("record = %+v, Retry-After %q", got, answer.Header.Get("Retry-After"))
			}
			if gets := did.gets.Load(); gets > 8 {
				t.Errorf("the record was read %d times", gets)
			}
		})
	})
	t.Run("answers with the present state when the time is over, for few reads and notes",
		func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, did := newCountedWorld(t)
				record := w.Running(t)
				began := time.Now()
				answer := w.Ask(t, waiting(record, "?wait=20"))
				if took := time.Since(began); took != 20*time.Second {
					t.Errorf("it took %s, want 20 s", took)
				}
				if got := resttest.Into[resttest.ShownRecord](t, answer); got.Status != "in_progress" ||
					answer.Header.Get("Retry-After") != "1" {
					t.Errorf("record = %+v, Retry-After %q", got, answer.Header.Get("Retry-After"))
				}
				if gets, follows := did.gets.Load(), did.follows.Load(); gets > 13 || follows != 2 {
					t.Errorf("%d reads and %d notes that it is followed, want one in 10 s", gets, follows)
				}
			})
		})
	t.Run("does not wait for what has ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			record := w.Running(t)
			w.Finish(t, record)
			began := time.Now()
			w.Ask(t, waiting(record, "?wait=20"))
			if took, gets := time.Since(began), did.gets.Load(); took > 0 || gets != 1 {
				t.Errorf("it took %s and %d reads, want none and one", took, gets)
			}
		})
	})
	t.Run("works on the routes of each kind", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.Running(t)
			for _, r := range []resttest.Request{
				{Operation: "getApplicationDeployment", PathUUID: string(record.ID)},
				{Operation: "latestApplicationDeployment", PathUUID: string(record.ID.Resource())},
			} {
				began := time.Now()
				r.Query = "?wait=3"
				answer := w.Ask(t, r)
				if took := time.Since(began); took != 3*time.Second || answer.Status != http.StatusOK ||
					answer.Header.Get("Retry-After") == "" {
					t.Errorf("%s: %d after %s", r.Operation, answer.Status, took)
				}
			}
		})
	})
}

func waiting(record deployment.Record, query string) resttest.Request {
	return resttest.Request{Operation: "getDeployment", PathUUID: string(record.ID), Query: query}
}

// TestWaitIsRefusedWhereARouteCannotWait covers the routes of existing clients, which
// ignore every other unknown parameter.
func TestWaitIsRefusedWhereARouteCannotWait(t *testing.T) {
	s := resttest.NewScene(t)
	for id, good := range s.Successes(t) {
		if waits(id) {
			continue
		}
		good.Operation, good.Query = id, "?wait=1"
		got := resttest.Want[resttest.Problem](t, s.World, http.StatusUnprocessableEntity, good.Request)
		want := "[is not known here: this route cannot wait; GET /deployments/{uuid} can]"
		if fmt.Sprint(got.Errors["wait"]) != want {
			t.Errorf("%s: errors = %v", id, got.Errors)
		}
	}
}

// waits reports whether the operation takes `wait`.
func waits(id string) bool {
	switch id {
	case "deploy", "rollbackDeployment", "rollbackApplication", "scrub", "readLog", "getDeployment",
		"getResult", "listChanges":
		return true
	}
	for _, kind := range []string{"Service", "Application", "Database"} {
		for _, name := range []string{
			"start%s", "stop%s", "restart%s", "get%sDeployment", "latest%sDeployment",
		} {
			if fmt.Sprintf(name, kind) == id {
				return true
			}
		}
	}
	return false
}

// TestFollowingALogWaits: with follow, the answer waits for more as with wait, and names the
// next call.
func TestFollowingALogWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, did := newCountedWorld(t)
		record := w.Write(t, w.Running(t), "one")
		for _, c := range []struct {
			query string
			takes time.Duration
			next  string
		}{
			{"?format=text&follow=true", 0, `<?after=1&follow=true&format=text>; rel="next"`},
			{"?format=text&follow=true&after=1", 20 * time.Second,
				`<?after=1&follow=true&format=text>; rel="next"`},
		} {
			began := time.Now()
			answer := w.Ask(t, resttest.Request{
				Operation: "readLog", PathUUID: string(record.ID), Query: c.query,
			})
			if took := time.Since(began); took != c.takes || answer.Header.Get("Link") != c.next {
				t.Errorf("%s: after %s, Link %q", c.query, took, answer.Header.Get("Link"))
			}
			if last := "follow=true&format=text\n"; !strings.HasSuffix(string(answer.Body), last) {
				t.Errorf("%s: the last line is not the next call: %s", c.query, answer.Body)
			}
		}
		if did.follows.Load() == 0 {
			t.Error("the reader of the log was not noted")
		}
		w.Finish(t, record)
		answer := w.Ask(t, resttest.Request{
			Operation: "readLog", PathUUID: string(record.ID), Query: "?format=text&follow=true&after=1",
		})
		if answer.Header.Get("Link") != "" || len(answer.Body) != 0 {
			t.Errorf("after the end: Link %q, %s", answer.Header.Get("Link"), answer.Body)
		}
	})
}
