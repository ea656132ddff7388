package logbook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/redact"
)

// Replace makes the shelf a [logbook.Rewriter].
func (s *shelf) Replace(ctx context.Context, book logbook.Book, chunk logbook.Chunk,
	was logbook.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.replaced++; s.replaced == s.dieAt {
		return errors.New("the runner is dead")
	}
	there, found := s.chunks[book][chunk.Number]
	if !found {
		return fault.New(fault.NotFound, "no chunk %d", chunk.Number)
	}
	if there.Digest != was.Digest || there.Previous != was.Previous {
		return fault.New(fault.Conflict, "chunk %d is another", chunk.Number)
	}
	chunk.Body = bytes.Clone(chunk.Body)
	s.chunks[book][chunk.Number] = chunk
	s.older = append(s.older, there)
	return nil
}

// Purge forgets the older forms.
func (s *shelf) Purge(ctx context.Context, _ logbook.Book) error {
	s.older = nil
	return ctx.Err()
}

const leaked = "hunter2-the-second"

// leaky is a log in which some of the lines have a secret, in every stream.
func leaky(t *testing.T) (*shelf, logbook.Mark) {
	t.Helper()
	s := &shelf{}
	r := logbook.NewRecorder(on(s), logbook.Mark{}, filter(nil), logbook.RecorderOptions{Now: clock})
	var mark logbook.Mark
	var out, err int64
	r.StepStarted(1, "Start", "run --with "+leaked, noon, 0, 0, 1)
	for i := range 40 {
		text := fmt.Sprintf("line %d\n", i)
		if i%10 == 3 {
			text = fmt.Sprintf("line %d has %s in it\n", i, leaked)
		}
		r.Data(logbook.Stdout, out, []byte(text), noon)
		out += int64(len(text))
		if i == 25 {
			r.Data(logbook.Stderr, err, []byte(leaked+"\n"), noon)
			r.Message("said "+leaked, logbook.Stdout)
			err += int64(len(leaked) + 1)
		}
		if i%8 == 7 {
			mark = commit(t, r)
		}
	}
	r.End()
	return s, mark
}

func secrets(values ...string) logbook.NewFilter {
	var all []redact.Secret
	for _, value := range values {
		all = append(all, redact.Secret{Name: "LATER", Value: value})
	}
	return filter(all)
}

func scrub(t *testing.T, s *shelf, mark logbook.Mark, filter logbook.NewFilter) logbook.ScrubResult {
	t.Helper()
	done, err := logbook.Scrub(t.Context(), on(s), s, mark, filter)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func whole(t *testing.T, s *shelf, mark logbook.Mark) string {
	t.Helper()
	var all strings.Builder
	for _, e := range entries(t, s, mark) {
		all.Write(e.Append(nil))
	}
	return all.String()
}

func TestP3ScrubTakesALaterSecretOutOfAnEndedLog(t *testing.T) {
	s, mark := leaky(t)
	before := whole(t, s, mark)
	untouched := s.chunks[book][1].Header
	done := scrub(t, s, mark, secrets(leaked))
	after := whole(t, s, done.Mark)
	if want := strings.ReplaceAll(before, leaked, "<REDACTED:LATER>"); after != want {
		t.Errorf("the log is now\n%s\nwant\n%s", after, want)
	}
	// The command and line 3 are in the first chunk; 13, 23, 33, stderr and the
	// message in four others.
	if done.Entries != 7 || done.Chunks != 5 {
		t.Errorf("%d entries in %d chunks, want 7 in 5", done.Entries, done.Chunks)
	}
	found := verify(t, s, done.Mark)
	if found.Bad != 0 || found.Rewritten != 5 {
		t.Errorf("the chain afterwards: %+v, want it right and 5 rewritten", found)
	}
	if first := s.chunks[book][1]; first.Original != untouched.Digest || first.Changed != 2 {
		t.Errorf("chunk 1 was %q and had %d entries changed, want %q and 2", first.Original, first.Changed,
			untouched.Digest)
	}
	if done.Total != 7 || len(s.older) > 0 {
		t.Errorf("%d entries in all and %d older forms, want 7 and none", done.Total, len(s.older))
	}
	if found := verify(t, s, mark); found.Bad == 0 {
		t.Error("by the old record the log is as it was")
	}
	again := scrub(t, s, done.Mark, secrets(leaked))
	if again.Entries != 0 || again.Total != 7 || again.Mark.Digest != done.Mark.Digest || s.replaced > 5 {
		t.Errorf("again: %d entries, digest %s, %d writes; want nothing done", again.Entries,
			again.Mark.Digest, s.replaced)
	}
}

// TestScrubIsSealed: what is changed in the first chunk is seen at the end.
func TestScrubIsSealed(t *testing.T) {
	s, mark := leaky(t)
	done := scrub(t, s, mark, secrets("line 3 has"))
	if done.Entries != 1 || done.Chunks != 1 || done.Mark.Digest == mark.Digest {
		t.Errorf("%d entries in %d chunks, digest %s, want 1 in 1 and another", done.Entries, done.Chunks,
			done.Mark.Digest)
	}
	if found := verify(t, s, done.Mark); found.Bad != 0 || found.Rewritten != 1 {
		t.Errorf("%+v, want it right and one rewritten", found)
	}
	if found := verify(t, s, mark); found.Bad != 5 {
		t.Errorf("by the old record %+v, want the last chunk to be bad", found)
	}
}

func TestScrubLeavesACleanLogAlone(t *testing.T) {
	s, mark := leaky(t)
	done := scrub(t, s, mark, secrets("not-in-there-at-all"))
	if done.Entries != 0 || done.Chunks != 0 || s.replaced != 0 || done.Mark.Digest != mark.Digest ||
		done.Mark.Bytes != mark.Bytes {
		t.Errorf("%+v with %d writes, want the log as it was", done, s.replaced)
	}
}

func TestScrubThatDiesIsFinishedByTheNext(t *testing.T) {
	for dieAt := 1; dieAt <= 5; dieAt++ {
		s, mark := leaky(t)
		s.dieAt = dieAt
		if _, err := logbook.Scrub(t.Context(), on(s), s, mark, secrets(leaked)); err == nil {
			t.Fatalf("write %d did not fail", dieAt)
		}
		done := scrub(t, s, mark, secrets(leaked))
		if found := verify(t, s, done.Mark); found.Bad != 0 || found.Rewritten != 5 {
			t.Errorf("died at write %d: %+v", dieAt, found)
		}
		if strings.Contains(whole(t, s, done.Mark), leaked) || len(s.older) > 0 {
			t.Errorf("died at write %d: the secret is left, or in one of %d older forms", dieAt, len(s.older))
		}
		if done.Total != 7 {
			t.Errorf("died at write %d: %d entries changed in all, want 7", dieAt, done.Total)
		}
	}
}

func TestP3ScrubFindsASecretAcrossEntries(t *testing.T) {
	// A line of 64 KiB and more is cut into entries; the secret lies on the cut,
	// which a commit makes the end of a chunk as well.
	line := strings.Repeat("x", logbook.MaxLineBytes-5) + leaked + strings.Repeat("y", 100) + "\n"
	s := &shelf{}
	r := logbook.NewRecorder(on(s), logbook.Mark{}, filter(nil), logbook.RecorderOptions{Now: clock})
	r.StepStarted(1, "Start", "run", noon, 0, 0, 1)
	r.Data(logbook.Stdout, 0, []byte(line[:len(line)-50]), noon)
	commit(t, r)
	r.Data(logbook.Stdout, int64(len(line)-50), []byte(line[len(line)-50:]+"-----BEGIN\nof several\nlines "+
		"END-----\n"), noon)
	r.End()
	mark := commit(t, r)
	if mark.Chunks != 2 {
		t.Fatalf("%d chunks, want 2", mark.Chunks)
	}
	done := scrub(t, s, mark, secrets(leaked, "-----BEGIN\nof several\nlines END-----"))
	var got []string
	for _, e := range entries(t, s, done.Mark)[1:] { // after the step's own
		got = append(got, e.Output)
	}
	want := []string{line[:logbook.MaxLineBytes-5] + "<REDACTED:LATER>", strings.Repeat("y", 100),
		"<REDACTED:LATER>", "", ""}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d entries, want the masks where the secrets begin: %.20q", len(got), got)
	}
	if found := verify(t, s, done.Mark); found.Bad != 0 {
		t.Errorf("%+v", found)
	}
}

func TestP3ScrubEqualsKnowingTheSecretBefore(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		script := randomScript(random)
		logs := [2]*shelf{{}, {}}
		for i, known := range []logbook.NewFilter{filter(nil), filter(hidden)} {
			r := logbook.NewRecorder(on(logs[i]), logbook.Mark{}, known,
				logbook.RecorderOptions{Now: clock})
			var at [2]int64
			for _, written := range script {
				if typ, k := logbook.Stdout, 0; written[0] == "o" || written[0] == "e" {
					if written[0] == "e" {
						typ, k = logbook.Stderr, 1
					}
					r.Data(typ, at[k], []byte(written[1]), noon)
					at[k] += int64(len(written[1]))
				}
				if _, err := r.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r.End()
			mark := commit(t, r)
			if i == 0 {
				mark = scrub(t, logs[i], mark, filter(hidden)).Mark
				if found := verify(t, logs[i], mark); found.Bad != 0 {
					t.Fatalf("%+v", found)
				}
			}
			for _, secret := range hidden {
				if text := whole(t, logs[i], mark); strings.Contains(text, secret.Value) {
					t.Fatalf("%s is left in\n%s", secret.Name, text)
				}
			}
		}
	}
}
