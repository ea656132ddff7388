package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/gateway"
	"waybill/internal/fault"
)

// batch is an event with the records.
func batch(records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

func message(id, body string) string {
	return fmt.Sprintf(`{
		"messageId": %q, "receiptHandle": "receipt of %s", "body": %q,
		"attributes": {"ApproximateReceiveCount": "3"}, "eventSource": "aws:sqs"
	}`, id, id, body)
}

func change(sequence, deployment string) string {
	return fmt.Sprintf(`{"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": {
		"Keys": {"resource_uuid": {"S": "r"}, "deployment_uuid": {"S": %q}},
		"NewImage": {"n":{"N":%q}}, "OldImage": {"b":{"B":"AP8="}}, "SequenceNumber": %q
	}}`, deployment, sequence, sequence)
}

func TestAMessageIsHandledAsItCame(t *testing.T) {
	var got gateway.Message
	handlers := gateway.Handlers{Message: func(_ context.Context,
		m gateway.Message) error {
		got = m
		return nil
	}}
	answer, err := gateway.New((&logged{}).logger(), handlers).Invoke(t.Context(),
		batch(message("1", `{"a":"b"}`)))
	// The list must be there: null has the whole batch delivered again.
	if want := `{"batchItemFailures":[]}`; err != nil || string(answer) != want {
		t.Errorf("answer %s, %v; want %s", answer, err, want)
	}
	if diff := cmp.Diff(got, gateway.Message{Body: `{"a":"b"}`, Receipt: "receipt of 1",
		Receives: 3}); diff != "" {
		t.Errorf("message (-got +want):\n%s", diff)
	}
}

func TestOnlyFailedMessagesComeAgain(t *testing.T) {
	log := &logged{}
	handlers := gateway.Handlers{Message: func(_ context.Context, m gateway.Message) error {
		switch {
		case strings.Contains(m.Body, "error"):
			return errors.New("the table is gone")
		case strings.Contains(m.Body, "panic"):
			var none *gateway.Message
			_ = none.Body
		case strings.Contains(m.Body, "conflict"):
			return fault.New(fault.Conflict, "another runner is at work")
		}
		return nil
	}}
	event := batch(message("1", "ok"), message("2", `{"deployment_uuid":"svc2","what":"error"}`),
		message("3", "ok"),
		message("4", "panic"), message("5", `{"deployment_uuid":"svc5","what":"conflict"}`))
	answer, err := gateway.New(log.logger(), handlers).Invoke(t.Context(), event)
	want := `{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"4"},{"itemIdentifier":"5"}]}`
	if err != nil || string(answer) != want {
		t.Errorf("answer %s, %v; want %s", answer, err, want)
	}
	got := map[any]string{}
	for _, line := range log.lines(t) {
		got[line["message_id"]] = fmt.Sprint(line["level"], " ", line["kind"], " ", line["deployment_uuid"])
	}
	wantLines := map[any]string{"2": "ERROR internal svc2", "4": "ERROR internal <nil>",
		"5": "INFO conflict svc5"}
	if diff := cmp.Diff(got, wantLines); diff != "" {
		t.Errorf("logged (-got +want):\n%s", diff)
	}
}

func TestMessagesOfABatchDoNotWaitForEachOther(t *testing.T) {
	var arrived sync.WaitGroup
	arrived.Add(3)
	handlers := gateway.Handlers{Message: func(context.Context, gateway.Message) error {
		arrived.Done()
		arrived.Wait() // for all three to be at work
		return nil
	}}
	event := batch(message("1", "a"), message("2", "b"), message("3", "c"))
	if _, err := gateway.New((&logged{}).logger(), handlers).Invoke(t.Context(), event); err != nil {
		t.Error(err)
	}
}

func TestChangesComeInOrderWithTheirImages(t *testing.T) {
	var got, places []string
	handlers := gateway.Handlers{Change: func(_ context.Context, c gateway.Change) error {
		got = append(got, string(c.New)+string(c.Old))
		places = append(places, c.Place)
		return nil
	}}
	added := `{"eventName": "INSERT", "eventSource": "aws:dynamodb",
		"dynamodb": {"NewImage": {"n":{"N":"9"}}, "SequenceNumber": "9"}}`
	removed := `{"eventName": "REMOVE", "eventSource": "aws:dynamodb",
		"dynamodb": {"OldImage": {"n":{"N":"8"}}, "SequenceNumber": "10"}}`
	answer, err := gateway.New((&logged{}).logger(), handlers).Invoke(t.Context(),
		batch(change("7", "d"), added, removed))
	if want := `{"batchItemFailures":[]}`; err != nil || string(answer) != want {
		t.Errorf("answer %s, %v; want %s", answer, err, want)
	}
	want := []string{`{"n":{"N":"7"}}{"b":{"B":"AP8="}}`, `{"n":{"N":"9"}}`, `{"n":{"N":"8"}}`}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("changes (-got +want):\n%s", diff)
	}
	if !slices.IsSorted(places) || len(slices.Compact(places)) != len(got) {
		t.Errorf("places %q, want them in order", places)
	}
}

func TestAFailedChangeStopsTheBatch(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("the queue is gone") },
		"panic": func() error { panic("of a test") },
	} {
		t.Run(name, func(t *testing.T) {
			log := &logged{}
			var handled []string
			handlers := gateway.Handlers{Change: func(_ context.Context, c gateway.Change) error {
				handled = append(handled, string(c.New))
				if strings.Contains(string(c.New), "2") {
					return fail()
				}
				return nil
			}}
			answer, err := gateway.New(log.logger(), handlers).Invoke(t.Context(),
				batch(change("1", "d1"), change("2", "d2"), change("3", "d3")))
			if want := `{"batchItemFailures":[{"itemIdentifier":"2"}]}`; err != nil ||
				string(answer) != want {
				t.Errorf("answer %s, %v; want %s", answer, err, want)
			}
			if slices.ContainsFunc(handled, func(image string) bool { return strings.Contains(image, "3") }) {
				t.Error("the change after the failed one was handled before it")
			}
			lines := log.lines(t)
			if len(lines) != 1 || lines[0]["deployment_uuid"] != "d2" || lines[0]["sequence_number"] != "2" {
				t.Errorf("logged %v, want one line about the second change", lines)
			}
		})
	}
}

// TestP6OnlyChangesThatWereNotHandledComeAgain has changes fail and hang, and loses the
// function's memory after each call: the stream's own place in its changes is all that
// says which of them were handled. A call that answers too late was killed.
func TestP6OnlyChangesThatWereNotHandledComeAgain(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			handled := map[string]int{}
			var all []string
			for i := range 30 {
				all = append(all, strconv.Itoa(i))
			}
			for place, calls := 0, 0; place < len(all); calls++ {
				if calls > 200 {
					t.Fatalf("seed %d: %d of %d changes were handled", seed, place, len(all))
				}
				var records []string
				for _, sequence := range all[place:] {
					records = append(records, change(sequence, "svc"+sequence))
				}
				handlers := gateway.Handlers{Change: func(ctx context.Context, c gateway.Change) error {
					switch random.IntN(8) {
					case 0:
						return errors.New("the bus did not take it")
					case 1: // a call of AWS that is not answered
						<-ctx.Done()
						return ctx.Err()
					case 2:
						select {
						case <-time.After(5 * time.Second):
						case <-ctx.Done():
							return ctx.Err()
						}
					}
					handled[string(c.New)]++
					return nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				answer, err := gateway.New((&logged{}).logger(), handlers).Invoke(ctx, batch(records...))
				late := ctx.Err() != nil
				cancel()
				if err != nil || late {
					continue
				}
				var failures struct {
					Items []struct{ ItemIdentifier string } `json:"batchItemFailures"`
				}
				if err := json.Unmarshal(answer, &failures); err != nil {
					t.Fatal(err)
				}
				if place = len(all); len(failures.Items) > 0 {
					place = slices.Index(all, failures.Items[0].ItemIdentifier)
				}
			}
			for what, times := range handled {
				if times != 1 {
					t.Errorf("seed %d: %s was handled %d times", seed, what, times)
				}
			}
			if len(handled) != len(all) {
				t.Errorf("seed %d: %d of %d changes were handled", seed, len(handled), len(all))
			}
		})
	}
}
