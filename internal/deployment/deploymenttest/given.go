package deploymenttest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"waybill/internal/deployment"
)

func givenCases() []testCase {
	return []testCase{
		{"a deployment is given to the token that made it", testGivenToItsMaker},
		{"a queued deployment is given to the token of the same request", testGivenToRepeats},
		{"a successor is given to the tokens of what it superseded", testGivenToSuccessors},
		{"a deployment is given to few other tokens", testGivenToFew},
		{"several tokens at once are all given it", testGivenAtOnce},
	}
}

// wantGiven checks to which of the tokens 1 to 9 the deployment is given.
func (w *world) wantGiven(t *testing.T, id deployment.ID, want ...string) {
	t.Helper()
	var got []string
	record := w.get(t, id)
	for token := range 9 {
		if text := strconv.Itoa(token + 1); record.IsGivenTo(text) {
			got = append(got, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("it is given to %v, want %v", got, want)
	}
}

// asks enqueues the record as a request of the token.
func (w *world) asks(t *testing.T, record deployment.Record, token string) deployment.Receipt {
	t.Helper()
	record.Trigger.TokenID = token
	receipt, err := w.Ledger.Enqueue(t.Context(), record, key(token, deployment.RepeatWindow))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the record", receipt.Record, w.get(t, receipt.Record.ID))
	return receipt
}

func testGivenToItsMaker(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	receipt := w.asks(t, w.record(t, w.service(t, server), server), "1")
	w.wantGiven(t, receipt.Record.ID, "1")
	nobody := w.record(t, w.service(t, server), server)
	nobody.Trigger = deployment.Trigger{Kind: "schedule"}
	if _, err := w.Ledger.Enqueue(t.Context(), nobody, deployment.RequestKey{}); err != nil {
		t.Fatal(err)
	}
	if w.get(t, nobody.ID).IsGivenTo("") {
		t.Error("a deployment without a token is given to a token without an id")
	}
}

func testGivenToRepeats(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.asks(t, w.record(t, service, server), "1")
	for _, token := range []string{"2", "2", "1", "3"} {
		if receipt := w.asks(t, w.record(t, service, server), token); receipt.Record.ID != first.Record.ID {
			t.Fatalf("token %s was answered with %s", token, receipt.Record.ID)
		}
	}
	w.wantGiven(t, first.Record.ID, "1", "2", "3")
	running := w.begin(t, w.claim(t, server).ID, "runner")
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished})
	w.wantGiven(t, first.Record.ID, "1", "2", "3")
}

func testGivenToSuccessors(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.asks(t, w.record(t, service, server), "1")
	w.asks(t, w.record(t, service, server), "2")
	second := w.record(t, service, server)
	second.Operation = deployment.Deploy
	w.asks(t, second, "3")
	third := w.plain(t, service, server, deployment.Stop)
	third.Operation, third.Options.Force = deployment.Stop, true
	w.asks(t, third, "4")
	w.wantGiven(t, first.Record.ID, "1", "2")
	w.wantGiven(t, second.ID, "1", "2", "3")
	w.wantGiven(t, third.ID, "1", "2", "3", "4")
}

func testGivenToFew(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.asks(t, w.record(t, service, server), "9007199254740990")
	for i := range 12 {
		w.asks(t, w.record(t, service, server), fmt.Sprint(9007199254740000+i))
	}
	if given := w.get(t, first.Record.ID).GivenTo; len(given) != deployment.MaxGivenTo {
		t.Errorf("it is given to %d other tokens, want %d", len(given), deployment.MaxGivenTo)
	}
}

func testGivenAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.asks(t, w.record(t, service, server), "1")
	var records []deployment.Record
	for token := range 5 {
		record := w.record(t, service, server)
		record.Trigger.TokenID = strconv.Itoa(token + 2)
		records = append(records, record)
	}
	for _, result := range together(records, func(record deployment.Record) (deployment.Receipt, error) {
		return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	}) {
		if result.err != nil || result.value.Record.ID != first.Record.ID {
			t.Errorf("answered with %s, %v", result.value.Record.ID, result.err)
		}
	}
	w.wantGiven(t, first.Record.ID, "1", "2", "3", "4", "5", "6")
}
