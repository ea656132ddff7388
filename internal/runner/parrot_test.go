package runner_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/remote"
)

// parrot is a server that repeats what it was given wherever it says anything.
type parrot struct {
	// dial, if set, is what a dial ends in.
	dial func() error
	// says is what each script prints behind the nonce, and ends how it ends.
	says map[string]string
	ends map[string]error

	mu      sync.Mutex
	dials   int
	stopped bool
}

func (p *parrot) Dial(context.Context, remote.Target) (remote.Shell, error) {
	if p.dials++; p.dials > 5 { // enough
		return nil, &remote.DialError{Cause: remote.CauseUnreachable, Err: errors.New(wordSecret)}
	}
	if p.dial != nil {
		return nil, p.dial()
	}
	return p, nil
}

func (p *parrot) Close() error { return nil }

// scripts tells package remote's scripts apart, by what stands in one only.
var scripts = []struct{ has, name string }{
	{"grace=", "stop"}, {"fresh=", "follow"}, {"begins=", "declared"}, {"runs='", "leftovers"},
	{"rmdir", "vacate"}, {"nonce=", "remove"},
}

func (p *parrot) Run(ctx context.Context, script string, _ []string, out, errs io.Writer) (int, error) {
	for _, s := range scripts {
		if strings.Contains(script, s.has) {
			fmt.Fprintln(errs, wordSecret)
			fmt.Fprintf(out, "%s\n\n%s\n", wordSecret, nonces.FindStringSubmatch(script)[1])
			return p.answer(ctx, s.name, out)
		}
	}
	return 1, nil
}

// answer says what is to be said. A job of which no end is told goes on until it
// is stopped.
func (p *parrot) answer(ctx context.Context, name string, out io.Writer) (int, error) {
	text, told := p.says[name]
	if !told {
		text = map[string]string{"stop": "T 1 1\n", "declared": "Y 0 0\n",
			"follow": frames("done\n") + "X 0 1.0 5 0 0\n"}[name]
	}
	if text == "" {
		text = "D\n"
	}
	fmt.Fprint(out, text)
	if name == "stop" {
		p.set(true)
	}
	for name == "follow" && p.ends[name] == nil && !strings.Contains(text, "\nX ") &&
		strings.HasPrefix(text, "A ") {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
		}
		if p.set(false) {
			fmt.Fprint(out, "X 143 1.0 0 0 0\n")
			break
		}
		fmt.Fprint(out, "H\n")
	}
	return 0, p.ends[name]
}

// set notes that the job was stopped, and reports whether it was.
func (p *parrot) set(stopped bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = p.stopped || stopped
	return p.stopped
}

// frames are those of a job that runs and has printed the text.
func frames(out string) string {
	step := "S 1 1.0 0 0\n"
	return fmt.Sprintf("A 4711 b00-7 1 1.0\nS 0 %d 1.0\n%sO 0 %d 1.0\n%s", len(step), step, len(out), out)
}

// formsOf are texts that give a secret away.
func formsOf(secret string) []string {
	quoted, _ := json.Marshal(secret)
	all := []string{secret, hex.EncodeToString([]byte(secret)),
		strings.ToUpper(hex.EncodeToString([]byte(secret))),
		url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`)}
	for shift := range 3 {
		text := []byte(strings.Repeat("x", shift) + secret)
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			encoded := encoding.EncodeToString(text)
			// The first and last characters depend on what stands around the secret.
			all = append(all, encoded[4:len(encoded)-4])
		}
	}
	return all
}

// kept is everything that a run has left anywhere, by where it lies.
func (w *world) kept(t *testing.T, id deployment.ID) map[string]string {
	t.Helper()
	all := w.keptOf(t, id)
	all["the excerpt"], _ = w.Excerpts().Get(t.Context(), id) // of what failed
	all["the messages"] = fmt.Sprint(w.Sender().Sent())
	dispatcher := deployment.NewDispatcher(deployment.DispatcherPorts{Claims: w.Ledger(),
		Expiries: w.Ledger(), History: w.History(), Store: w.Catalog(),
		Vault: w.Vault(), Sender: w.Sender(), Feed: w.Feed(), Publisher: w.Publisher()},
		deployment.DispatcherOptions{Now: w.now})
	for _, change := range w.Changes() {
		if err := dispatcher.Changed(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		all["the stream"] += fmt.Sprintf("%+v\n", change)
	}
	for _, change := range w.Publisher().Published() {
		all["the events"] += fmt.Sprintf("%+v\n", change)
	}
	return all
}

// keptOf is what is kept of one deployment: its record and its chunks.
func (w *world) keptOf(t *testing.T, id deployment.ID) map[string]string {
	t.Helper()
	record := w.record(t, id)
	encoded, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"the record": fmt.Sprintf("%+v", record) + string(encoded)}
	for number := 1; ; number++ {
		header, body, err := w.Archive().Open(t.Context(), id.Book(), number)
		if err != nil {
			return all
		}
		packed, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(packed)
		if err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprint("chunk ", number)] = string(text) + fmt.Sprintf("%+v", header)
	}
}

// wantUnseen looks for the secrets in all there is.
func wantUnseen(t *testing.T, kept map[string]string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range formsOf(secret) {
			for place, text := range kept {
				if at := strings.Index(text, form); at >= 0 {
					around := text[max(0, at-60):min(len(text), at+len(form)+30)]
					t.Errorf("%s has a secret: …%s…",
						place, bytes.ReplaceAll([]byte(around), []byte(form), []byte("(here)")))
				}
			}
		}
	}
}
