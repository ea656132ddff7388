package deploymenttest

import (
	"crypto/rand"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Feed is both sides of a feed.
type Feed interface {
	deployment.Feed
	deployment.FeedReader
}

// TestFeed runs the contract of [deployment.Feed] and [deployment.FeedReader]. The feed must
// be empty.
func TestFeed(t *testing.T, feed Feed) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC)
	id, err := deployment.NewID(newID(t, catalog.KindService), now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var all []deployment.Listed
	for i, status := range []deployment.Status{
		deployment.Queued, deployment.InProgress, deployment.Finished,
	} {
		change := deployment.Change{Record: deployment.Record{ID: id, Status: status}}
		at := now.Add(time.Duration(i) * time.Second)
		all = append(all, deployment.Listed{At: at, ID: change.ID()})
	}
	for _, i := range []int{2, 0, 1} { // the order of times counts, not the one of the calls
		change := deployment.Change{Record: deployment.Record{ID: id,
			Status: []deployment.Status{deployment.Queued, deployment.InProgress, deployment.Finished}[i]}}
		if err := feed.Append(t.Context(), change, all[i].At); err != nil {
			t.Fatalf("Append: %v", err)
		}
	}
	for _, c := range []struct {
		name  string
		from  time.Time
		limit int
		want  []deployment.Listed
	}{
		{"all", now.Add(-time.Hour), 10, all},
		{"from the very time of one", all[1].At, 10, all[1:]},
		{"just after one", all[1].At.Add(time.Microsecond), 10, all[2:]},
		{"the first two", now, 2, all[:2]},
		{"none", all[2].At.Add(time.Second), 10, nil},
	} {
		got, err := feed.Since(t.Context(), c.from, c.limit)
		if err != nil {
			t.Fatalf("Since: %v", err)
		}
		wantSame(t, c.name, got, c.want)
	}
}
