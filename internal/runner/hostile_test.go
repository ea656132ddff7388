package runner_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/oplog"
	"waybill/internal/remote"
)

// What must not be seen: a value that may stand wherever a name may, one like
// the hash of a commit, one like a number, and one that only the job knows.
const (
	wordSecret   = "Zq7-pa55word.marks/42"
	hashSecret   = "8f14e45fceea167a5a36dedd4bea2543a87ff679"
	numberSecret = "4821937755"
	ownSecret    = "declared-by-the-job-7"
)

// errFarewell is how a connection ends whose other end says farewell.
var errFarewell = fault.Wrap(errors.New("ssh: disconnect, reason 11: "+wordSecret), fault.Unavailable,
	"The connection to the server was lost.")

// A server repeats a secret in each of its texts, one after the other. The test then
// searches everything that Waybill stores, sends or logs for it.
func TestP3EveryTextOfAServerIsRedacted(t *testing.T) {
	unreachable := &remote.DialError{Cause: remote.CauseUnreachable, Err: errors.New(wordSecret)}
	declares := frames("::add-mask::" + ownSecret + "\n" + ownSecret + "\n")
	for name, c := range map[string]struct {
		parrot  *parrot
		look    func() (inspect.Found, error)
		cancels bool
		// shows is what must be there, so that the test tries what it says.
		shows string
	}{
		"the output": {parrot: &parrot{says: map[string]string{"follow": output(wordSecret + "\n" +
			base64.StdEncoding.EncodeToString([]byte("x"+wordSecret)) + "\n" +
			hex.EncodeToString([]byte(hashSecret)) + "\n")}}, shows: "<REDACTED:WORD>"},
		"the boot's id": {parrot: &parrot{says: map[string]string{"follow": strings.Replace(output("x\n"),
			"b00-7", hex.EncodeToString([]byte(wordSecret)), 1)}}, shows: "4711 <REDACTED:WORD>"},
		"an exit code": {parrot: &parrot{says: map[string]string{"follow": frames("x\n") + "X " +
			numberSecret + " 1.0 2 0 0\n"}}, shows: "unreachable"},
		"a step's exit code": {parrot: &parrot{says: map[string]string{
			"follow": "A 4711 b00-7 1 1.0\nS 0 33 1.0\nE 1 1.0 0 0 " + numberSecret + "\n",
		}}, shows: "unreachable"},
		"who holds the folder": {parrot: &parrot{says: map[string]string{"follow": "F HELD " + hashSecret +
			" 1\n"}}, shows: "held by deployment <REDACTED:HASH>"},
		"what is missing": {parrot: &parrot{
			says: map[string]string{"follow": "F MISSING " + wordSecret + "\n"},
		}},
		"a word for a failure": {parrot: &parrot{
			says: map[string]string{"follow": "F " + wordSecret + "\n"},
		}},
		"no frame at all": {parrot: &parrot{says: map[string]string{"follow": wordSecret + "\n"}}},
		"a kind of frame": {parrot: &parrot{
			says: map[string]string{"follow": "A 4711 b00-7 1 1.0\nQ " + wordSecret + "\n"},
		}},
		"a step": {parrot: &parrot{
			says: map[string]string{"follow": "A 4711 b00-7 1 1.0\nS 0 30 1.0\nS 1 " + wordSecret + " 0 0\n"},
		}},
		"the end of a connection": {parrot: &parrot{
			says: map[string]string{"follow": frames("x\n")}, ends: map[string]error{"follow": errFarewell},
		}},
		"an error nobody knows": {parrot: &parrot{says: map[string]string{"follow": "H\n"},
			ends: map[string]error{"follow": errors.New(wordSecret)}}, shows: "the error: <REDACTED:WORD>"},
		"why it does not answer": {parrot: &parrot{dial: func() error { return unreachable }},
			shows: "did not answer: <REDACTED:WORD>"},
		"the key that it shows": {parrot: &parrot{dial: func() error {
			return &remote.DialError{
				Cause:       remote.CauseHostKeyChanged,
				Fingerprint: wordSecret,
				Err:         errFarewell,
			}
		}}, shows: "the host key <REDACTED:WORD>"},
		"an error of another kind": {parrot: &parrot{
			dial: func() error { return fmt.Errorf("ssh: %w", errFarewell) },
		}},
		"what a dial panics with": {parrot: &parrot{dial: func() error { panic(wordSecret) }},
			shows: "panic: a value of type string"},
		"what was killed": {parrot: &parrot{says: map[string]string{"follow": frames("x\n"),
			"stop": "P 4712 " + wordSecret + "\nV 4713 " + wordSecret + "\nT 1 1\n"}}, cancels: true,
			shows: "<REDACTED:WORD> (4712)"},
		"containers that were ended": {parrot: &parrot{says: map[string]string{"follow": frames("x\n"),
			"stop": "C " + hashSecret + "\nT 1 1\n"}}, cancels: true,
			shows: "in the foreground: <REDACTED:HASH>."},
		"containers that are left": {parrot: &parrot{says: map[string]string{"follow": frames("x\n"),
			"stop": "R " + hashSecret + "\nU\nT 1 1\n"}}, cancels: true,
			shows: "still run: <REDACTED:HASH>. To end"},
		"a declared name of what lives": {parrot: &parrot{says: map[string]string{"follow": declares,
			"stop": "P 4712 " + ownSecret + "\nT 1 1\n"}}, cancels: true,
			shows: "Stopped: <REDACTED> (4712)"},
		"what a lost job left": {parrot: &parrot{says: map[string]string{"follow": frames("x\n") +
			"L 0 1.0 2 0 0\n", "stop": "P 4712 " + wordSecret + "\nT 1 0\n"}},
			shows: "Stopped: <REDACTED:WORD> (4712)"},
		"what outlives a lost job": {parrot: &parrot{says: map[string]string{"follow": frames("x\n") +
			"L 0 1.0 2 0 0\n", "stop": "V 4712 " + wordSecret + "\nT 1 0\n"}},
			shows: "still run on the server: <REDACTED:WORD> (4712)"},
		"a spool that was changed": {parrot: &parrot{says: map[string]string{
			"follow": frames(wordSecret+"\n") + "L 2 1.0 2 0 2\n"}}, shows: "tampered"},
		"a stop that is cut": {parrot: &parrot{says: map[string]string{"follow": frames("x\n"),
			"stop": "H\n"}, ends: map[string]error{"stop": errFarewell}}, cancels: true},
		"a removal that is cut": {parrot: &parrot{says: map[string]string{"remove": "H\n"},
			ends: map[string]error{"remove": errFarewell}}, shows: "spool not removed"},
		"what stands in the way of it": {parrot: &parrot{says: map[string]string{"remove": "F HELD " +
			hashSecret + " 0\n"}}, shows: "Deployment <REDACTED:HASH>, of later date"},
		"the name of a spool": {parrot: &parrot{
			says: map[string]string{"leftovers": "N " + hashSecret + "\nD\n"},
		}},
		"a look for spools that is cut": {parrot: &parrot{says: map[string]string{"leftovers": "H\n"},
			ends: map[string]error{"leftovers": errFarewell}}, shows: "leftover spools not removed"},
		"what the resource is": {look: func() (inspect.Found, error) {
			return inspect.Found{Status: wordSecret}, nil
		}, shows: "ResourceStatus:<REDACTED:WORD>"},
		"the commit that was built": {look: func() (inspect.Found, error) {
			return inspect.Found{Status: "running:healthy", Commit: hashSecret}, nil
		}},
		"the commit's message": {look: func() (inspect.Found, error) {
			return inspect.Found{Status: "x", Commit: strings.Repeat("0", 40), Message: wordSecret}, nil
		}, shows: "Message:<REDACTED:WORD>"},
		"why it cannot tell": {look: func() (inspect.Found, error) {
			return inspect.Found{}, fault.New(fault.Unavailable, "docker: %s", wordSecret)
		}, shows: "docker: <REDACTED:WORD>"},
		"why it cannot tell, in a cause": {look: func() (inspect.Found, error) {
			return inspect.Found{}, errFarewell
		}, shows: "reason 11: <REDACTED:WORD>"},
		"what a look panics with": {look: func() (inspect.Found, error) { panic(errors.New(wordSecret)) },
			shows: "panic: a value of type *errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := repeats(t, cmp.Or(c.parrot, &parrot{}), c.look, c.cancels)
				wantUnseen(t, kept, wordSecret, hashSecret, numberSecret, ownSecret)
				if all := fmt.Sprint(kept); !strings.Contains(all, c.shows) {
					t.Errorf("want %q somewhere:\n%s", c.shows, all)
				}
			})
		})
	}
}

// output is what a job prints that ends at once.
func output(text string) string {
	return frames(text) + fmt.Sprintf("X 0 1.0 %d 0 0\n", len(text))
}

// repeats runs a deployment on the parrot and returns all that is left of it.
func repeats(t *testing.T, p *parrot, look func() (inspect.Found, error), cancels bool) map[string]string {
	w := stillWorld(t, &puppet{})
	w.dialer = p
	var log bytes.Buffer
	w.opts.Log = oplog.New(&log, slog.LevelDebug)
	w.opts.Look = func(context.Context, remote.Shell, catalog.Deployable, string) (inspect.Found, error) {
		if look == nil {
			return inspect.Found{Status: "running:healthy"}, nil
		}
		return look()
	}
	id := w.claimedAs(t, "app000000000000000000001", catalog.Shell{Start: "true"},
		map[string]string{"WORD": wordSecret, "HASH": hashSecret, "NUMBER": numberSecret}, time.Hour)
	if cancels {
		go func() {
			time.Sleep(5 * time.Second)
			if _, err := w.Ledger().Cancel(context.WithoutCancel(t.Context()), id, "ci",
				w.now().UTC()); err != nil {
				t.Error(err)
			}
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	err := w.runner().Run(ctx, id, "runner")
	kept := w.kept(t, id)
	kept["the operator's log"] = log.String()
	if err != nil {
		kept["the error"] = "the error: " + err.Error()
		if errors.Is(err, fault.Unavailable) != strings.Contains(err.Error(),
			"The connection to the server was lost.") {
			t.Errorf("error %v is no longer what it was", err)
		}
	}
	if status := w.record(t, id).Status; cancels && !status.Terminal() {
		t.Errorf("it is %s after it was cancelled", status)
	}
	return kept
}
