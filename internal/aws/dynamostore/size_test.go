package dynamostore_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// maxRecordBytes is what one write unit pays for.
const maxRecordBytes = 1024

// life returns a record in each phase of its life, each time as large as it can be: with
// names of 40 characters, 8 steps with names of 20, a full index of a long log, a tag,
// a commit that was asked for and another that was built, a user who cancels, and other
// tokens that were given it.
//
// An event of an image has a digest, and neither a commit nor an earlier configuration. Only an
// event of the bus has a cause.
func life(t *testing.T, origin deployment.Trigger, options deployment.Options) map[string]deployment.Record {
	t.Helper()
	start := time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC)
	clock := start
	after := func(d time.Duration) time.Time { clock = clock.Add(d); return clock }
	name := func(r rune, n int) string { return strings.Repeat(string(r), n) }
	resource, uuid := string(serviceID), "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
	record := deployment.Record{
		ID: newRecordID(t, resource, start), Status: deployment.Queued, Operation: deployment.Restart,
		Options:      options,
		ResourceName: name('r', 40), ServerID: serverID, ServerName: name('s', 40),
		Trigger:           origin,
		Retention:         catalog.Retention{Finished: 3650, Failed: 3650, Cancelled: 3650},
		ConfigurationHash: name('e', 64), CreatedAt: start, QueuedAt: start, UpdatedAt: start,
	}
	record = givenToMany(t, record)
	phases := map[string]deployment.Record{"queued": record}
	next := func(phase string, r deployment.Record, err error) deployment.Record {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		phases[phase] = r
		return r
	}
	claimed, err := record.Claimed(after(time.Hour))
	record = next("claimed", claimed, err)
	begun, err := record.Begun("ABCDEFGHIJKLMNOPQRSTUVWXYZ", after(time.Second), time.Minute)
	record = next("begun", begun, err)
	record.Lease.Attempt = 130
	record.FollowedAt = after(time.Second)
	progress := deployment.Progress{Process: "4194304 " + uuid, Sent: true, Log: longLog(after),
		Parkings: 10_000, SaidDropped: true, SaidCut: true}
	for range 8 {
		step := deployment.Step{Name: name('n', 20), StartedAt: after(time.Second)}
		step.FinishedAt, step.ExitCode = after(time.Hour), new(int)
		step.First = logbook.Order(80_000 * (len(progress.Steps) + 1))
		progress.Steps = append(progress.Steps, step)
	}
	asked, err := record.Cancelled(name('u', 40), after(time.Second))
	record = next("to be cancelled", asked, err)
	advanced, err := record.Advanced(record.Lease, progress, after(time.Second), time.Minute)
	record = next("in progress", advanced, err)
	parked, err := record.Parked(record.Lease, progress, after(time.Second))
	next("parked", parked, err)
	source := deployment.Source{Commit: name('f', 40), Message: name('m', deployment.MaxCommitMessage)}
	for _, outcome := range []deployment.Outcome{
		{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled, Signal: "SIGVTALRM",
			ResourceStatus: "degraded:unhealthy", Source: source},
		{Status: deployment.Failed, Reason: deployment.ReasonHostKeyChanged, Signal: "SIGVTALRM",
			ResourceStatus: "degraded:unhealthy", Source: source},
	} {
		code := 255
		outcome.ExitCode = &code
		ended, err := record.Ended(record.Lease, progress, outcome, after(time.Second))
		ended = next("ended "+string(outcome.Status), ended, err)
		scrubbed, err := ended.Rewritten(progress.Log.Digest, progress.Log,
			deployment.ScrubSummary{At: after(time.Hour), By: name('u', 40), Deployment: record.ID})
		next("scrubbed after it had ended "+string(outcome.Status), scrubbed, err)
	}
	return phases
}

// givenToMany returns the record after the requests of as many other tokens as it has room for.
func givenToMany(t *testing.T, record deployment.Record) deployment.Record {
	t.Helper()
	for i := range deployment.MaxGivenTo {
		if given := record.Given(strconv.Itoa(9007199254740000 + i)); dynamostore.HasRoom(given) {
			record = given
		}
	}
	if len(record.GivenTo) == 0 && record.Trigger.CausedBy == "" {
		t.Error("the record has no room for another token")
	}
	return record
}

func newRecordID(t *testing.T, resource string, at time.Time) deployment.ID {
	t.Helper()
	id, err := deployment.NewID(serviceID, at, strings.NewReader(strings.Repeat("z", 16)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// longLog is the end of a log of 10,000 chunks of many lines each.
func longLog(after func(time.Duration) time.Time) logbook.Mark {
	const lines = 80_000
	const before = 9_992 * lines
	mark := logbook.Mark{Last: before, Index: logbook.Index{Block: before - 248*lines,
		Before: logbook.End{Last: before, Until: after(0)}},
		At:     logbook.Position{Out: 1 << 34, Err: 1 << 34, Steps: 1 << 12},
		Chunks: 10_000, Batch: 8, Bytes: 1 << 36, Stored: 1 << 34,
		Digest: strings.Repeat("d", 64), Complete: true,
	}
	for n := 9_993; n <= mark.Chunks; n++ {
		mark.Last += lines
		mark.Until = after(3 * time.Minute)
		mark.Index = mark.Index.With(n, logbook.End{Last: mark.Last, Until: mark.Until})
	}
	return mark
}

// TestARecordStaysInOneWriteUnit leaves room for the time of expiry, for the shard and
// for the flags of a legal hold and of a deployment that waits for it.
func TestARecordStaysInOneWriteUnit(t *testing.T) {
	for phase, record := range lives(t) {
		stored, err := dynamostore.EncodeRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		stored["expires_at"] = &types.AttributeValueMemberN{Value: "1800000000"}
		stored["shard"] = &types.AttributeValueMemberS{Value: "h0"}
		stored["h"] = &types.AttributeValueMemberBOOL{Value: true}
		stored["y"] = &types.AttributeValueMemberBOOL{Value: true}
		size := dynamostore.ItemSize(stored)
		t.Logf("%s: %d bytes", phase, size)
		if size >= maxRecordBytes {
			t.Errorf("%s: %d bytes, want less than %d", phase, size, maxRecordBytes)
		}
	}
}

// lives has the records of every origin.
func lives(t *testing.T) map[string]deployment.Record {
	t.Helper()
	name := strings.Repeat("k", deployment.MaxTriggerName)
	all := deployment.Options{PullLatestImages: true, StopBeforeStart: true, Force: true,
		DockerTag: strings.Repeat("t", 40)}
	rollback, pushed := all, all
	rollback.Commit, rollback.Configuration = strings.Repeat("c", 40), strings.Repeat("e", 64)
	pushed.ImageDigest = "sha256:" + strings.Repeat("d", 64)
	caused := all
	caused.Commit = rollback.Commit
	cause := newRecordID(t, "", time.Date(2026, 8, 22, 9, 0, 0, 0, time.UTC))
	phases := map[string]deployment.Record{}
	called := deployment.Trigger{Kind: "api", Name: name, TokenID: "9007199254740991"}
	for origin, some := range map[string]map[string]deployment.Record{
		"a call":   life(t, called, rollback),
		"an image": life(t, deployment.Trigger{Kind: "image", Name: name}, pushed),
		"the bus":  life(t, deployment.Trigger{Kind: "bus", Name: name, Chain: 5, CausedBy: cause}, caused),
	} {
		for phase, record := range some {
			phases[origin+", "+phase] = record
		}
	}
	return phases
}
