package resttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// plain is a filter that finds nothing.
type plain struct{ emit func([]byte, int) }

func (p plain) Write(b []byte) { p.emit(b, 0) }

func (plain) Flush() {}

func (plain) Held() int { return 0 }

// Write adds lines to the log of a deployment that runs, as one chunk.
func (w *World) Write(t *testing.T, record deployment.Record, lines ...string) deployment.Record {
	t.Helper()
	return w.Record(t, record, func(r *logbook.Recorder) {
		for _, line := range lines {
			r.Message(line, logbook.Stdout)
		}
	})
}

// Record writes to the log of a deployment and saves its progress.
func (w *World) Record(
	t *testing.T, record deployment.Record, say func(*logbook.Recorder),
) deployment.Record {
	t.Helper()
	newFilter := func(emit func([]byte, int)) logbook.Filter { return plain{emit} }
	recorder := logbook.NewRecorder(w.Memory.Log(record.ID), record.Progress.Log, newFilter,
		logbook.RecorderOptions{})
	say(recorder)
	recorder.End()
	var err error
	if record.Progress.Log, err = recorder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Memory.Ledger().Advance(t.Context(), record.ID, record.Lease, record.Progress, time.Now(),
		time.Minute); err != nil {
		t.Fatal(err)
	}
	return record
}

// WriteHidden makes the lines the whole log of a deployment. Those that begin with "hidden"
// are hidden.
func (w *World) WriteHidden(t *testing.T, record deployment.Record, lines ...string) {
	t.Helper()
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	for i, line := range lines {
		entry := logbook.Entry{Order: logbook.Order(i + 1), Output: line, Type: logbook.Stdout, Batch: 1,
			Hidden: strings.HasPrefix(line, "hidden")}
		if _, err := zip.Write(entry.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	last := logbook.Order(len(lines))
	header := logbook.Header{Number: 1, First: 1, Last: last}
	if err := w.Memory.Archive().Put(t.Context(), record.ID.Book(),
		logbook.Chunk{Header: header, Body: body.Bytes()}); err != nil {
		t.Fatal(err)
	}
	record.Progress.Log = logbook.Mark{Chunks: 1, Last: last, Batch: 1,
		Index: logbook.Index{Block: 1, Ends: []logbook.End{{Last: last}}}}
	if _, err := w.Memory.Ledger().Advance(t.Context(), record.ID, record.Lease, record.Progress, time.Now(),
		time.Minute); err != nil {
		t.Fatal(err)
	}
}

// Running is a deployment that has begun.
func (w *World) Running(t *testing.T) deployment.Record {
	t.Helper()
	server := w.Server(t)
	w.Start(t, w.Application(t, server))
	return w.Begin(t, server)
}

// ShownLog is a page of a log.
type ShownLog struct {
	Entries []struct {
		Order  int64
		Output string
	}
	Next     int64
	Complete bool
}

// Outputs are the lines of the page.
func (l ShownLog) Outputs() []string {
	outputs := []string{}
	for _, entry := range l.Entries {
		outputs = append(outputs, entry.Output)
	}
	return outputs
}

// ReadLog reads a page of a log.
func (w *World) ReadLog(t *testing.T, id deployment.ID, query string) ShownLog {
	t.Helper()
	return Want[ShownLog](t, w, http.StatusOK, Request{
		Operation: "readLog", PathUUID: string(id), Query: query,
	})
}

// Text asks for the log as Text.
func (w *World) Text(t *testing.T, id deployment.ID, query string) string {
	t.Helper()
	answer := w.Send(t, "show", "GET", "/api/v1/deployments/"+string(id)+"/logs?format=text"+query, Request{})
	if answer.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, answer.Status, answer.Body)
	}
	return string(answer.Body)
}

type recordWithLog struct {
	Status string
	Logs   *string
}

// WithLog reads a deployment with the end of its log.
func (w *World) WithLog(t *testing.T, id deployment.ID) (shown recordWithLog, entries []struct {
	Order  int64
	Batch  int
	Output string
}) {
	t.Helper()
	shown = Want[recordWithLog](t, w, http.StatusOK, Request{
		Operation: "getDeployment", PathUUID: string(id),
	})
	if shown.Logs != nil {
		if err := json.Unmarshal([]byte(*shown.Logs), &entries); err != nil {
			t.Fatal(err)
		}
	}
	return shown, entries
}

// Verification is an answer to verifyLog.
type Verification struct {
	OK        bool
	Complete  bool
	Next      *int
	Chunks    int
	Checked   int
	BadChunk  *int `json:"bad_chunk"`
	Reason    *string
	Rewritten int
	Digest    *string
	Original  *string `json:"original_digest"`
	At        *string `json:"scrubbed_at"`
	By        *string `json:"scrubbed_by"`
	Entries   int     `json:"scrubbed_entries"`
}

// Verify verifies the log of a deployment.
func (w *World) Verify(t *testing.T, id deployment.ID) Verification {
	t.Helper()
	return Want[Verification](t, w, http.StatusOK, Request{
		Operation: "verifyLog", PathUUID: string(id), Token: w.Mint(t, access.Read),
	})
}

// Scrubbed takes a word out of the log of a deployment that has ended.
func (w *World) Scrubbed(t *testing.T, record deployment.Record, word string) {
	t.Helper()
	m := w.Memory
	done, err := logbook.Scrub(t.Context(), m.Log(record.ID), m.Archive(), record.Progress.Log,
		func(emit func([]byte, int)) logbook.Filter { return &censor{word: word, emit: emit} })
	if err != nil {
		t.Fatal(err)
	}
	scrub := deployment.ScrubSummary{At: time.Now(), By: "the root", Deployment: "one", Entries: done.Total}
	digest := record.Progress.Log.Digest
	if err := m.Ledger().RecordScrub(t.Context(), record.ID, digest, done.Mark, scrub); err != nil {
		t.Fatal(err)
	}
}

// censor masks a word that is written as one.
type censor struct {
	word string
	emit func([]byte, int)
}

func (c *censor) Write(p []byte) {
	before, after, found := strings.Cut(string(p), c.word)
	c.emit([]byte(before), 0)
	if found {
		c.emit([]byte("***"), len(c.word))
		c.emit([]byte(after), 0)
	}
}

func (*censor) Flush() {}

func (*censor) Held() int { return 0 }
