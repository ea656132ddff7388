package deployapi_test

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/rest/deployapi"
	"waybill/internal/rest/resttest"
)

// counted counts the reads of records.
type counted struct {
	deployment.History
	gets atomic.Int64
}

func (c *counted) Get(ctx context.Context, id deployment.ID) (deployment.Record, error) {
	c.gets.Add(1)
	return c.History.Get(ctx, id)
}

// newCountedWorld returns a world whose deploy function counts its reads.
func newCountedWorld(t *testing.T) (*resttest.World, *counted) {
	t.Helper()
	w := resttest.New(t)
	m := w.Memory
	c := &counted{History: m.History()}
	handler, err := deployapi.New(deployapi.Ports{
		Tokens: m.Tokens(), Keys: m.IdempotencyKeys(), Store: m.Catalog(),
		Ledger: m.Ledger(), History: c, Snapshots: m.Snapshots(),
	}, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["deploy"] = handler
	return w, c
}

// awaited is the answer to a request that waits.
type awaited struct {
	DeploymentUUID string  `json:"deployment_uuid"`
	Position       int     `json:"position"`
	Status         string  `json:"status"`
	Reason         *string `json:"reason"`
	ExitCode       *int    `json:"exit_code"`
}

// end ends the next deployment of the server after a while.
func end(t *testing.T, w *resttest.World, server string, after time.Duration, outcome deployment.Outcome) {
	time.Sleep(after)
	record := w.Begin(t, server)
	if err := w.Memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		time.Now()); err != nil {
		t.Error(err)
	}
}

func TestAStartThatWaits(t *testing.T) {
	code := 3
	failed := deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit, ExitCode: &code}
	t.Run("is answered with the end of the deployment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			server := w.Server(t)
			r := resttest.Request{
				Operation: "startApplication", PathUUID: w.Application(t, server), Query: "?wait=20",
			}
			go end(t, w, server, 4*time.Second, failed)
			began := time.Now()
			got := resttest.Want[awaited](t, w, http.StatusOK, r)
			if took := time.Since(began); took < 4*time.Second || took > 7*time.Second {
				t.Errorf("it took %s, want 4 to 7 s", took)
			}
			if got.Status != "failed" || got.Reason == nil || *got.Reason != "exit" || got.ExitCode == nil ||
				*got.ExitCode != 3 || got.Position != 0 {
				t.Errorf("answer = %+v", got)
			}
		})
	})
	t.Run("says with Retry-After that the time is over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			r := resttest.Request{
				Operation: "startApplication", PathUUID: w.Application(t, w.Server(t)), Query: "?wait=20",
			}
			began := time.Now()
			answer := w.Ask(t, r)
			if took := time.Since(began); took != 20*time.Second {
				t.Errorf("it took %s, want 20 s", took)
			}
			if got := resttest.Into[awaited](t, answer); got.Status != "queued" || got.Position != 1 ||
				answer.Header.Get("Retry-After") != "1" {
				t.Errorf("answer = %+v, Retry-After %q", got, answer.Header.Get("Retry-After"))
			}
			if gets := did.gets.Load(); gets > 14 {
				t.Errorf("records were read %d times", gets)
			}
		})
	})
	t.Run("ends before the function does", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			application := w.Application(t, w.Server(t))
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			began := time.Now()
			answer := w.SendContext(t, ctx, "deploy", "POST",
				"/api/v1/applications/"+application+"/start?wait=20", resttest.Request{})
			if took := time.Since(began); answer.Status != http.StatusOK || took != 5*time.Second {
				t.Errorf("answer = %d %s after %s, want 200 after 5 s", answer.Status, answer.Body, took)
			}
		})
	})
}

// TestARepeatOfAStartThatWaits sends the same Idempotency-Key while the first request
// waits: the repeat waits as well, as long as it likes, and starts nothing.
func TestARepeatOfAStartThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newCountedWorld(t)
		server := w.Server(t)
		r := resttest.Request{
			Operation: "startApplication", PathUUID: w.Application(t, server), Query: "?wait=20",
			Header: map[string]string{"Idempotency-Key": "one"},
		}
		first := make(chan awaited, 1)
		go func() { first <- resttest.Want[awaited](t, w, http.StatusOK, r) }()
		time.Sleep(2 * time.Second)
		go end(t, w, server, 5*time.Second, deployment.Outcome{Status: deployment.Finished})
		r.Query = "?wait=15"
		second := resttest.Want[awaited](t, w, http.StatusOK, r)
		if one := <-first; one.Status != "finished" || second.Status != "finished" ||
			one.DeploymentUUID != second.DeploymentUUID {
			t.Errorf("answers = %+v and %+v", one, second)
		}
	})
}

func TestADeployThatWaitsForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, did := newCountedWorld(t)
		uuids := ""
		server := w.Server(t)
		for range 20 {
			uuids += w.Application(t, server) + ","
		}
		go end(t, w, server, time.Second, deployment.Outcome{Status: deployment.Finished})
		answer := w.Ask(t, resttest.Request{Operation: "deploy", Query: "?wait=20&uuid=" + uuids})
		got := resttest.Into[struct{ Deployments []awaited }](t, answer).Deployments
		if len(got) != 20 || got[0].Status != "finished" || got[1].Status != "queued" ||
			got[1].Position != 1 || answer.Header.Get("Retry-After") == "" {
			t.Errorf("answer = %s", answer.Body)
		}
		if gets := did.gets.Load(); gets > 20+14 {
			t.Errorf("records were read %d times", gets)
		}
	})
}

func TestARequestThatFollows(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for target, prefix := range map[string]string{
		"/api/v1/deploy?follow=true&uuid=UUID":             "",
		"/api/v1/applications/UUID/restart?follow=true":    "../../",
		"//api//v1//applications/UUID/restart?follow=true": "../../../",
		"/api/v1/applications/UUID/restart/?follow=1":      "../../../",
	} {
		target = strings.ReplaceAll(target, "UUID", w.Application(t, server))
		// What `curl -d ''` sends, which makes a POST of it.
		key := map[string]string{
			"Idempotency-Key": target, "Content-Type": "application/x-www-form-urlencoded",
		}
		var first string
		for range 2 { // the second one is a repeat
			answer := w.Send(t, "deploy", "POST", target, resttest.Request{Header: key})
			at := answer.Header.Get("Location")
			if answer.Status != http.StatusSeeOther || !strings.HasPrefix(at, prefix+"deployments/app") ||
				!strings.HasSuffix(at, "/result?wait=20") {
				t.Errorf("%s: %d %s to %q", target, answer.Status, answer.Body, at)
			}
			if first = cmp.Or(first, at); at != first {
				t.Errorf("%s: the repeat leads to %q, not to %q", target, at, first)
			}
			base, _ := url.Parse("http://x/live" + target)
			if to, err := base.Parse(at); err != nil || to.Path[:len("/live")] != "/live" ||
				strings.ReplaceAll(to.Path, "//", "/")[len("/live"):][:len("/api/v1/deployments/app")] !=
					"/api/v1/deployments/app" {
				t.Errorf("%s: %q leads to %v, %v", target, at, to, err)
			}
		}
	}
}

func TestARequestThatFollowsNothingIsRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	one, other := w.Application(t, server), w.Application(t, server)
	for query, says := range map[string]string{
		"?follow=true&uuid=" + one + "," + other: "leads to one result; name one resource",
		"?follow=true&wait=1&uuid=" + one:        "waits by itself; leave `wait` out",
	} {
		got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "deploy", Query: query,
		})
		if len(got.Errors["follow"]) != 1 || got.Errors["follow"][0] != says {
			t.Errorf("%s: %v", query, got.Errors)
		}
	}
	if listing, err := w.Memory.History().List(t.Context(), catalog.ID(one),
		deployment.Page{}); err != nil || len(listing.Records) != 0 {
		t.Errorf("a refused request made %d deployments, %v", len(listing.Records), err)
	}
}
