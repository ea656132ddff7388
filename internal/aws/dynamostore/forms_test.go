package dynamostore_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

const (
	serverID  = catalog.ID("srv000000000000000000000")
	serviceID = catalog.ID("svc000000000000000000000")
	recordID  = deployment.ID(serviceID + "01h2xcejqtf2nbre")
)

// fullRecord has something in every field.
func fullRecord(t testing.TB) deployment.Record {
	t.Helper()
	var record deployment.Record
	catalogtest.Fill(t, &record)
	record.ID, record.Outcome.Status = recordID, record.Status
	// Ids begin with their resources, whose part is left out.
	record.Outcome.Unmet = deployment.Dependency{Resource: "dbs000000000000000000000",
		Deployment: "dbs00000000000000000000001h2xcejqtf2nbrf", Status: deployment.Failed}
	record.Outcome.Successor = deployment.ID(serviceID + "01h2xcejqtf2nbrf")
	index := &record.Progress.Log.Index
	for _, end := range []*logbook.End{&index.Before, &index.Ends[0], &index.Ends[1]} {
		end.Until = end.Until.Truncate(time.Second)
	}
	record.ExpiresAt = record.ExpiresAt.Truncate(time.Second)
	record.Lease.Woken = false // is not stored
	return record
}

// TestRecordForm has no details: they are in an item of their own.
func TestRecordForm(t *testing.T) {
	whole := fullRecord(t)
	whole.Outcome.Source.Message, whole.Scrub = "", deployment.ScrubSummary{}
	whole.Hold, whole.After = deployment.Hold{Held: true}, nil
	whole.WindowOverride = deployment.WindowOverride{}
	first, second, third := time.UnixMicro(1).UTC(), time.UnixMicro(2).UTC(), time.UnixMicro(3).UTC()
	for _, c := range []struct {
		name string
		want deployment.Record
	}{
		{
			name: "every field set",
			want: whole,
		},
		{
			name: "only an id",
			want: deployment.Record{ID: recordID},
		},
		{
			name: "just queued",
			want: deployment.Record{ID: recordID, Status: deployment.Queued, ServerID: serverID,
				QueuedAt: first},
		},
		{
			name: "an exit code of 0",
			want: deployment.Record{ID: recordID, Outcome: deployment.Outcome{ExitCode: new(int)}},
		},
		{
			name: "a rollback",
			want: deployment.Record{ID: recordID, ConfigurationHash: "c0",
				Options: deployment.Options{Configuration: "c0"}},
		},
		{
			name: "the message of a commit, if there is room",
			want: deployment.Record{ID: recordID, Outcome: deployment.Outcome{Source: deployment.Source{
				Commit: "c0ffee", Message: strings.Repeat("m", deployment.MaxCommitMessage)}}},
		},
		{
			name: "changed after its end",
			want: deployment.Record{ID: recordID, FinishedAt: first, UpdatedAt: second},
		},
		{
			name: "a successor",
			want: deployment.Record{ID: recordID, Outcome: deployment.Outcome{
				Successor: deployment.ID(serviceID) + "01h2xcejqtf2nbrf"}},
		},
		{
			name: "a dependency that did not finish",
			want: deployment.Record{ID: recordID, Awaited: true, Outcome: deployment.Outcome{
				Unmet: deployment.Dependency{Resource: "dbs000000000000000000000",
					Deployment: "dbs00000000000000000000001h2xcejqtf2nbrf", Status: deployment.Cancelled}}},
		},
		{
			name: "steps without times, and a clock that goes back",
			want: deployment.Record{ID: recordID, Progress: deployment.Progress{Steps: []deployment.Step{
				{Name: "a"},
				{Name: "b", StartedAt: third, FinishedAt: second},
				{},
			}}},
		},
	} {
		t.Run(c.name+" comes back", func(t *testing.T) {
			got, hasDetails := reread(t, c.want)
			if diff := cmp.Diff(got, c.want, cmpopts.EquateEmpty()); diff != "" || hasDetails {
				t.Errorf("details: %t (-got +want):\n%s", hasDetails, diff)
			}
		})
	}
}

func TestRecordDetails(t *testing.T) {
	whole := fullRecord(t)
	whole.Outcome.Source.Message, whole.Scrub = "", deployment.ScrubSummary{}
	whole.Hold, whole.After = deployment.Hold{Held: true}, nil
	whole.WindowOverride = deployment.WindowOverride{}
	for name, change := range map[string]func(r *deployment.Record){
		"the message of a commit without room": func(r *deployment.Record) {
			r.ResourceName, r.ServerName = strings.Repeat("r", 255), strings.Repeat("s", 255)
			r.Outcome.Source.Message = strings.Repeat("m", deployment.MaxCommitMessage)
		},
		"a scrub": func(r *deployment.Record) { r.Scrub.Entries = 1 },
		"a dependency": func(r *deployment.Record) {
			r.After = []deployment.Dependency{{Resource: serviceID}}
		},
		"the reason of a hold": func(r *deployment.Record) { r.Hold.Reason = "case 7" },
		"an override":          func(r *deployment.Record) { r.WindowOverride.Reason = "outage" },
	} {
		t.Run("a record with "+name+" says that it has details", func(t *testing.T) {
			record := whole
			change(&record)
			if _, hasDetails := reread(t, record); !hasDetails {
				t.Error("it does not")
			}
		})
	}
}

func TestTimesOfARecord(t *testing.T) {
	t.Run("a time of another zone comes back as the same instant, to the microsecond", func(t *testing.T) {
		at := time.Date(2026, 8, 22, 12, 0, 0, 1001, time.FixedZone("", 7200))
		got, _ := reread(t, deployment.Record{ID: recordID, QueuedAt: at, StartedAt: at})
		for _, got := range []time.Time{got.QueuedAt, got.StartedAt} {
			if !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
				t.Error(got)
			}
		}
	})
}

// reread encodes and decodes a record.
func reread(t *testing.T, record deployment.Record) (got deployment.Record, hasDetails bool) {
	t.Helper()
	stored, err := dynamostore.EncodeRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	got, hasDetails, err = dynamostore.DecodeRecord(stored)
	if err != nil {
		t.Fatal(err)
	}
	return got, hasDetails
}

// full are entities with something in every field.
func full(t *testing.T) []catalog.Entity { return catalogtest.Full(t, rand.NewChaCha8([32]byte{})) }

func wantForm(t *testing.T, stored dynamostore.Items, want catalog.Entity) {
	t.Helper()
	got, err := dynamostore.DecodeEntity(stored)
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%T: %v (-got +want):\n%s", want, err, diff)
	}
}

func encoded(t *testing.T, entity catalog.Entity) dynamostore.Items {
	t.Helper()
	stored, err := dynamostore.EncodeEntity(entity)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestEntityForm(t *testing.T) {
	for _, want := range full(t) {
		t.Run(fmt.Sprintf("a %T with every field set comes back", want), func(t *testing.T) {
			wantForm(t, encoded(t, want), want)
		})
		t.Run(fmt.Sprintf("a %T with only an id comes back", want), func(t *testing.T) {
			bare := reflect.New(reflect.TypeOf(want).Elem()).Interface().(catalog.Entity)
			bare.Common().ID = want.Common().ID
			wantForm(t, encoded(t, bare), bare)
		})
	}
	t.Run("an item of an unknown kind is Internal", func(t *testing.T) {
		_, err := dynamostore.DecodeEntity(dynamostore.Items{})
		if fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("without its body, it comes back as a head", func(t *testing.T) {
		for _, want := range full(t) {
			wantForm(t, dynamostore.WithoutBody(encoded(t, want)), catalog.Head(want))
		}
	})
	t.Run("a database without its part is Internal", func(t *testing.T) {
		all := full(t)
		at := slices.IndexFunc(all, func(entity catalog.Entity) bool {
			_, is := entity.(*catalog.Database)
			return is
		})
		stored := encoded(t, all[at])
		delete(definition(stored), "database")
		if _, err := dynamostore.DecodeEntity(stored); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("error = %v", err)
		}
	})
}

// definition is the definition of an entity.
func definition(stored dynamostore.Items) map[string]types.AttributeValue {
	return member(dynamostore.Head(stored), "definition")
}

// member is a map within an item, itself and no copy of it.
func member(stored map[string]types.AttributeValue, name string) map[string]types.AttributeValue {
	inner, _ := stored[name].(*types.AttributeValueMemberM)
	if inner == nil {
		return nil
	}
	return inner.Value
}
