package dynamostore_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// image is a record as a stream shows it.
func image(t testing.TB, record deployment.Record) json.RawMessage {
	t.Helper()
	stored, err := dynamostore.EncodeRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(members(stored))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func members(values map[string]types.AttributeValue) map[string]any {
	all := map[string]any{}
	for name, v := range values {
		all[name] = attribute(v)
	}
	return all
}

// attribute is one in DynamoDB's JSON.
func attribute(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": members(v.Value)}
	case *types.AttributeValueMemberL:
		elements := make([]any, 0, len(v.Value))
		for _, element := range v.Value {
			elements = append(elements, attribute(element))
		}
		return map[string]any{"L": elements}
	default:
		return map[string]any{"NULL": true}
	}
}

// with is the record in another status, as the stream has it: without details, and
// without progress while it is queued.
func with(record deployment.Record, status deployment.Status) deployment.Record {
	record.Status, record.Outcome.Status = status, status
	record.Outcome.Source.Message, record.Scrub = "", deployment.ScrubSummary{}
	record.Hold, record.After = deployment.Hold{Held: true}, nil
	record.WindowOverride = deployment.WindowOverride{}
	if status == deployment.Queued {
		record.Progress = deployment.Progress{}
	}
	return record
}

func TestReadChange(t *testing.T) {
	record := fullRecord(t)
	queued, running := with(record, deployment.Queued), with(record, deployment.InProgress)
	renewed := running
	renewed.Lease.Attempt++
	running.ParkedAt = time.Time{}
	parked := running
	parked.ParkedAt = parked.UpdatedAt
	followed, quiet := parked, parked
	followed.FollowedAt = followed.FollowedAt.Add(-time.Minute) // of a clock that is behind
	cancelled := parked
	quiet.CancelRequestedAt, quiet.CancelRequestedBy = time.Time{}, ""
	for _, c := range []struct {
		name     string
		now      deployment.Record
		before   json.RawMessage
		previous deployment.Status
		changed  bool
	}{
		{"a new record", queued, nil, "", true},
		{"a new record with null before it", queued, json.RawMessage("null"), "", true},
		{"a claimed record", running, image(t, queued), deployment.Queued, true},
		{"an ended record", with(record, deployment.Finished), image(t, running), deployment.InProgress,
			true},
		{"a noted record, which was never anything else", with(record, deployment.Finished), nil, "", true},
		{"a renewed lease", renewed, image(t, running), deployment.InProgress, false},
		{"a parking", parked, image(t, running), deployment.InProgress, false},
		{"the end of a parking", running, image(t, parked), deployment.InProgress, false},
		{"a reader of a parked one", followed, image(t, parked), deployment.InProgress, true},
		{"a cancel of a parked one", cancelled, image(t, quiet), deployment.InProgress, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			change, changed, err := dynamostore.ReadChange(image(t, c.now), c.before)
			if err != nil || changed != c.changed {
				t.Fatalf("changed = %v, %v; want %v", changed, err, c.changed)
			}
			want := deployment.Change{Record: c.now, Previous: c.previous}
			if diff := cmp.Diff(change, want, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("change (-got +want):\n%s", diff)
			}
		})
	}
	t.Run("the details of a record are no change", func(t *testing.T) {
		details := json.RawMessage(`{"resource_uuid":{"S":"` + string(recordID) +
			`"},"deployment_uuid":{"S":"details"},"message":{"S":"Serve tea"}}`)
		if _, changed, err := dynamostore.ReadChange(details, nil); changed || err != nil {
			t.Errorf("changed = %v, %v", changed, err)
		}
	})
	t.Run("a deployment that waits for another is no change of that one", func(t *testing.T) {
		waiter := json.RawMessage(`{"resource_uuid":{"S":"` + string(recordID) +
			`"},"deployment_uuid":{"S":"waiter/` + string(recordID) + `"}}`)
		if _, changed, err := dynamostore.ReadChange(waiter, nil); changed || err != nil {
			t.Errorf("changed = %v, %v", changed, err)
		}
	})
	t.Run("a removed record is no change", func(t *testing.T) {
		for _, none := range []string{"", "null"} {
			if _, changed, err := dynamostore.ReadChange(json.RawMessage(none), image(t, queued)); changed ||
				err != nil {
				t.Errorf("changed = %v, %v", changed, err)
			}
		}
	})
}

// handled records what it is given, and fails.
type handled struct {
	got []string
	err error
}

func (h *handled) Changed(_ context.Context, change deployment.Change) error {
	h.got = append(h.got, string(change.Previous)+" to "+string(change.Record.Status))
	return h.err
}

func (h *handled) Removed(_ context.Context, removal deployment.Removal) error {
	h.got = append(h.got, string(removal.Record.Status)+" removed at "+removal.Place)
	return h.err
}

func TestHandleChangePassesOnChangesOfStatusAndRemovalsOnly(t *testing.T) {
	running := with(fullRecord(t), deployment.InProgress)
	queued, renewed := with(running, deployment.Queued), running
	renewed.Lease.Attempt++
	failed := errors.New("the bus is gone")
	handler := &handled{err: failed}
	details := json.RawMessage(`{"resource_uuid":{"S":"` + string(recordID) +
		`"},"deployment_uuid":{"S":"details"},"message":{"S":"Serve tea"}}`)
	for _, c := range []struct {
		name   string
		change dynamostore.StreamRecord
		want   error
	}{
		{"a change", dynamostore.StreamRecord{New: image(t, running), Old: image(t, queued)}, failed},
		{"a renewed lease", dynamostore.StreamRecord{New: image(t, renewed), Old: image(t, running)}, nil},
		{"a removal", dynamostore.StreamRecord{Old: image(t, running), Place: "7"}, failed},
		{"a removal with null", dynamostore.StreamRecord{New: json.RawMessage("null"),
			Old: image(t, running), Place: "8"}, failed},
		{"the removal of details", dynamostore.StreamRecord{Old: details}, nil},
		{"a new item of details", dynamostore.StreamRecord{New: details}, nil},
		{"an image of another item", dynamostore.StreamRecord{New: json.RawMessage("{}")}, fault.Internal},
		{"the removal of another item", dynamostore.StreamRecord{Old: json.RawMessage("{}")}, fault.Internal},
	} {
		if err := dynamostore.HandleChange(t.Context(), c.change, handler); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	want := []string{"queued to in_progress", "in_progress removed at 7", "in_progress removed at 8"}
	if !slices.Equal(handler.got, want) {
		t.Errorf("handled %q, want %q", handler.got, want)
	}
}

func TestReadChangeRefusesWhatIsNoRecord(t *testing.T) {
	good := string(image(t, with(fullRecord(t), deployment.InProgress)))
	damaged := regexp.MustCompile(`"p":\{"B":"[^"]*"`).ReplaceAllString(good, `"p":{"B":"gA=="`)
	for name, text := range map[string]string{
		"no JSON":                 good[1:],
		"an empty item":           "{}",
		"an item of the catalog":  `{"kind":{"S":"service"},"uuid":{"S":"svc000000000000000000000"}}`,
		"a set":                   `{"status":{"SS":["queued"]}}`,
		"an attribute of no type": `{"status":{}}`,
		"a malformed time":        strings.Replace(good, `"c":{"N":"`, `"c":{"N":"x`, 1),
		"a malformed number":      strings.Replace(good, `"a":{"N":"`, `"a":{"N":"x`, 1),
		"a damaged attribute":     damaged,
	} {
		t.Run(name, func(t *testing.T) {
			_, changed, err := dynamostore.ReadChange(json.RawMessage(text), nil)
			if err == nil || changed || fault.KindOf(err) != fault.Internal {
				t.Errorf("changed %v, %v; want Internal", changed, err)
			}
		})
	}
}

func FuzzReadChange(f *testing.F) {
	record := image(f, with(fullRecord(f), deployment.InProgress))
	f.Add([]byte(record), []byte(image(f, with(fullRecord(f), deployment.Queued))))
	f.Add([]byte(record), []byte(nil))
	f.Add([]byte(`{"status":{"L":[{"NULL":true}]}}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, now, before []byte) {
		change, changed, err := dynamostore.ReadChange(now, before)
		if err != nil {
			return
		}
		if changed == (change.Record.Status == change.Previous) && change.Record.ID != "" {
			t.Errorf("changed %v from %q to %q", changed, change.Previous, change.Record.Status)
		}
		if _, err := deployment.ParseID(string(change.Record.ID)); changed && err != nil {
			t.Errorf("a change of %q, which is no deployment", change.Record.ID)
		}
	})
}
