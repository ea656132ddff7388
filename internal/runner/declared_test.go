package runner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// declaringJob declares a value on either stream, whose texts stand in no
// command, and prints both on both, for longer than a few runners live.
const declaringJob = `one=$(echo 9f3k2-one | tr k x) two=$(echo 9f3k2-two | tr k x)
echo "::add-mask::$one"
echo "::add-mask::$two" >&2
sleep 0.5
i=1
while [ $i -le 25 ]; do
  echo "out $i $one $two"
  echo "err $i $one $two" >&2
  [ $((i % 3)) -ne 0 ] || sleep 0.1
  i=$((i + 1))
done`

const declaredOne, declaredTwo = "9f3x2-one", "9f3x2-two"

// TestP3WhatAJobDeclaresOutlivesRunners kills runners at each of their calls
// and at random instants and cuts connections, like the crash test: whoever
// goes on knows what was declared to those before.
func TestP3WhatAJobDeclaresOutlivesRunners(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	w := newWorld(t)
	w.opts.ReachFor, w.opts.ReattachFor = 12*time.Hour, 12*time.Hour
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for round := range rounds {
		id := w.claimedAs(t, catalog.ID(fmt.Sprintf("app%021d", round)), catalog.Shell{Start: declaringJob},
			nil, 24*time.Hour)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c := crash{world: w, clock: &skipping{}, random: rand.New(rand.NewPCG(7, uint64(round))), id: id}
			c.run(t)
			wantUnseen(t, w.keptOf(t, id), declaredOne, declaredTwo)
			if log := w.log(t, id); strings.Count(log, " <REDACTED> <REDACTED>\n") != 2*crashLines ||
				strings.Contains(log, "::add-mask::9") {
				t.Errorf("want %d lines with two masks after %d deaths:\n%s", 2*crashLines, c.deaths, log)
			}
		})
	}
	all.Wait()
}

// TestP3ADeclarationIsKnownToTheNextRunner has one runner hand over between a
// declaration and what it is for.
func TestP3ADeclarationIsKnownToTheNextRunner(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: `one=$(echo 9f3k2-one | tr k x)
echo ::add-mask::$one; echo "first $one"; sleep 12; echo "then $one"; echo "then $one" >&2`}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+6*time.Second)
	defer cancel()
	if err := w.runner().Run(ctx, id, "first"); err != nil {
		t.Fatal(err)
	}
	if record := w.record(t, id); record.Status.Terminal() || record.Progress.Log.At.Out == 0 {
		t.Fatalf("%s with %d bytes, want it handed over with some", record.Status, record.Progress.Log.At.Out)
	}
	record, log := w.run(t, id)
	if record.Status != deployment.Finished || strings.Count(log, "then <REDACTED>\n") != 2 ||
		strings.Contains(log, declaredOne) {
		t.Errorf("%s, want two masks:\n%s",
			record.Status, strings.ReplaceAll(log, declaredOne, "(the secret)"))
	}
}

func TestWarningsOfDeclaredValuesAppearOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := stillWorld(t, &puppet{})
		w.dialer = &parrot{
			says: map[string]string{
				"follow": output(strings.Repeat("::add-mask::true\n::add-mask::a b\nit is true\n", 3)),
			},
		}
		_, log := w.run(t,
			w.claimedAs(t, "app000000000000000000001", catalog.Shell{Start: "x"}, nil, time.Hour))
		for text, times := range map[string]int{
			"A value that the job declared as a secret is not masked: it is a common word or number.":  1,
			"A value that the job declared as a secret is not masked: it has fewer than 4 characters.": 1,
			"it is true\n": 3, "::add-mask::": 0,
		} {
			if got := strings.Count(log, text); got != times {
				t.Errorf("%q is there %d times, want %d:\n%s", text, got, times, log)
			}
		}
	})
}

// The server has dropped output in which the job declared secrets. Only a runner that
// took over can have missed them.
func TestWarningOfDeclarationsThatWereDropped(t *testing.T) {
	for attempt, times := range map[int]int{1: 0, 2: 1} {
		synctest.Test(t, func(t *testing.T) {
			w := stillWorld(t, &puppet{})
			w.dialer = &parrot{says: map[string]string{"declared": "Y 1 1\n", "follow": output("x\n")}}
			id := w.claimedAs(t, "app000000000000000000001", catalog.Shell{Start: "x"}, nil, time.Hour)
			for n := 1; n < attempt; n++ {
				begun, err := w.Ledger().Begin(t.Context(), id, "dead", w.now().UTC(), time.Second)
				if err != nil {
					t.Fatal(err)
				}
				begun.Progress.Sent = true
				if _, err := w.Ledger().Advance(t.Context(), id, begun.Lease, begun.Progress, w.now().UTC(),
					time.Second); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Second)
			}
			_, log := w.run(t, id)
			for _, text := range []string{"The server has dropped a part of the output",
				"The job has declared more than 1024 KiB of secrets"} {
				if got := strings.Count(log, text); got != times {
					t.Errorf("attempt %d: %q is there %d times, want %d:\n%s", attempt, text, got, times, log)
				}
			}
		})
	}
}

// TestASecretThatIsTooWeakIsNamedOnce and is not looked for, nor is it shown by
// the warning.
func TestASecretThatIsTooWeakIsNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{}
		w := stillWorld(t, p)
		const app = "app000000000000000000001"
		w.create(t, &catalog.Application{Shell: &catalog.Shell{Start: "x"}, Resource: catalog.Resource{
			Meta: catalog.Meta{ID: app, Name: "corner-shop"}, ServerID: w.server.ID, Timeout: time.Hour}})
		if err := w.SetSecrets(t.Context(), app, map[string]string{
			"FLAG": "true", "PIN": "12", "NAMED": "Corner-Shop", "EMPTY": "",
			"TOKEN": "a strong one"}); err != nil {
			t.Fatal(err)
		}
		id := w.again(t, app)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+30*time.Second)
		defer cancel()
		if err := w.runner().Run(ctx, id, "first"); err != nil {
			t.Fatal(err)
		}
		p.prints = "true 12 Corner-Shop a strong one\n"
		record, log := w.run(t, id)
		for _, want := range []string{
			"The secret FLAG is not masked in this log: it is a common word or number.\n",
			"The secret PIN is not masked in this log: it has fewer than 4 characters.\n",
			"The secret NAMED is not masked in this log: it is a name that every log shows.\n",
			"true 12 Corner-Shop <REDACTED:TOKEN>\n",
		} {
			if strings.Count(log, want) != 1 {
				t.Errorf("want %q once:\n%s", want, log)
			}
		}
		if strings.Contains(log, "EMPTY") || strings.Contains(log, "TOKEN is") || record.Lease.Attempt != 2 {
			t.Errorf("attempt %d:\n%s", record.Lease.Attempt, log)
		}
	})
}
