package showapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/logbook"
	"waybill/internal/rest/resttest"
)

type shownLinks struct {
	Links []struct {
		Chunk int
		URL   string
	}
	ExpiresAt time.Time `json:"expires_at"`
	Next      *int
	Complete  bool
}

func TestLinks(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	r := resttest.Request{Operation: "linkLog", PathUUID: string(record.ID), Token: w.Mint(t, access.Read)}
	if got := resttest.Want[shownLinks](t, w, http.StatusOK, r); got.Links == nil || len(got.Links) != 0 ||
		got.Complete || got.Next != nil {
		t.Errorf("before the first chunk: %+v", got)
	}
	for range 3 {
		record = w.Write(t, record, "a line")
	}
	w.Finish(t, record)
	got := resttest.Want[shownLinks](t, w, http.StatusOK, r)
	var urls []string
	for i, link := range got.Links {
		if want := fmt.Sprintf("/%s/%06d.jsonl.gz?for=5m0s", record.ID, i+1); link.Chunk != i+1 ||
			!strings.HasSuffix(link.URL, want) {
			t.Errorf("link %d = %+v, want one of %s", i, link, want)
		}
		urls = append(urls, link.URL+"\n")
	}
	if left := time.Until(got.ExpiresAt); len(urls) != 3 || !got.Complete || got.Next != nil ||
		left > 5*time.Minute || left < 4*time.Minute {
		t.Errorf("links = %+v, valid for %s", got, left)
	}
	r.Query = "?format=text"
	answer := w.Ask(t, r)
	if string(answer.Body) != strings.Join(urls, "") || answer.Header.Get("Link") != "" {
		t.Errorf("as text: %s, Link %q", answer.Body, answer.Header.Get("Link"))
	}
	r.Query = "?after=2"
	if got := resttest.Want[shownLinks](t, w, http.StatusOK, r); len(got.Links) != 1 ||
		got.Links[0].Chunk != 3 {
		t.Errorf("after 2: %+v", got)
	}
	for _, after := range []string{"3", "9007199254740991"} {
		r.Query = "?after=" + after
		if got := resttest.Want[shownLinks](t, w, http.StatusOK, r); len(got.Links) != 0 || !got.Complete {
			t.Errorf("after %s: %+v", after, got)
		}
	}
}

// TestLinksToALongLog has more chunks than one answer has links.
func TestLinksToALongLog(t *testing.T) {
	record := resttest.FullRecord("svc")
	record.Progress.Log = logbook.Mark{Chunks: 4500, Complete: true}
	w := resttest.New(t, resttest.WithRecord(record))
	r := resttest.Request{Operation: "linkLog", PathUUID: string(record.ID)}
	var sizes []int
	for {
		answer := w.Ask(t, r)
		got := resttest.Into[shownLinks](t, answer)
		sizes = append(sizes, len(got.Links))
		if got.Complete != (got.Next == nil) {
			t.Fatalf("next %v, complete %v", got.Next, got.Complete)
		}
		if got.Next == nil {
			break
		}
		r.Query = fmt.Sprintf("?after=%d", *got.Next)
		if want := "<" + r.Query + `>; rel="next"`; answer.Header.Get("Link") != want {
			t.Errorf("Link = %q, want %q", answer.Header.Get("Link"), want)
		}
	}
	if fmt.Sprint(sizes) != "[2000 2000 500]" {
		t.Errorf("answers with %v links", sizes)
	}
}
