package resttest

import (
	"context"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/showapi"
)

// OneRecord is a history that has one record.
type OneRecord struct{ Record deployment.Record }

// WithRecord is a change for [New]: the show function finds the record only.
func WithRecord(record deployment.Record) func(*catalogapi.Ports, *showapi.Ports) {
	return func(_ *catalogapi.Ports, show *showapi.Ports) { show.History = OneRecord{Record: record} }
}

// Get returns the record.
func (o OneRecord) Get(context.Context, deployment.ID) (deployment.Record, error) {
	return o.Record, nil
}

// List returns the record alone.
func (o OneRecord) List(context.Context, catalog.ID, deployment.Page) (deployment.Listing, error) {
	return deployment.Listing{Count: 1, Records: []deployment.Record{o.Record}}, nil
}

// Load says that the record runs.
func (o OneRecord) Load(context.Context, catalog.ID) (deployment.Load, error) {
	return deployment.Load{Running: []deployment.Record{o.Record}}, nil
}

// Team returns the record alone.
func (o OneRecord) Team(context.Context, deployment.Page) (deployment.Listing, error) {
	return deployment.Listing{Records: []deployment.Record{o.Record}}, nil
}

// Follow does nothing.
func (OneRecord) Follow(context.Context, deployment.ID, time.Time) error { return nil }

// FullRecord has something in every field.
func FullRecord(kind string) deployment.Record {
	at := func(seconds int) time.Time {
		return time.Date(2026, 8, 22, 10, 0, seconds, 0, time.FixedZone("CEST", 0))
	}
	code := 3
	resource := kind + strings.Repeat("0", 21)
	return deployment.Record{
		ID: deployment.ID(resource + "00000000001" + "zzzzz"), Status: deployment.Failed,
		Operation: deployment.Restart,
		Options: deployment.Options{
			PullLatestImages: true, StopBeforeStart: true, Force: true, DockerTag: "1.4", Commit: "c0ffee0",
			Configuration: "abc", DeleteVolumes: true,
		},
		ResourceName: "shop", ServerID: "srv1", ServerName: "web",
		Trigger:           deployment.Trigger{Kind: "api", Name: "ci", TokenID: "42"},
		ConfigurationHash: "abc",
		After: []deployment.Dependency{
			{Resource: "dbs1", Deployment: "dbs1one", Status: deployment.Finished},
			{Resource: "svc1", Status: deployment.Finished}},
		CreatedAt: at(0), QueuedAt: at(1), ClaimedAt: at(2), StartedAt: at(3), FinishedAt: at(4),
		UpdatedAt:         at(5),
		CancelRequestedAt: at(2), CancelRequestedBy: "ops",
		Scrub: deployment.ScrubSummary{
			At: at(6), By: "the root", Deployment: "one", Entries: 4, Original: "abd",
		},
		Lease: deployment.Lease{Owner: "runner", Attempt: 2},
		Progress: deployment.Progress{
			Log: logbook.Mark{
				At: logbook.Position{Out: 7, Err: 8}, Chunks: 1, Last: 9, Bytes: 10, Digest: "def",
				Complete: true,
			},
			Process: "12 boot",
			Steps: []deployment.Step{
				{Name: "Start", StartedAt: at(3), FinishedAt: at(4), ExitCode: &code, First: 2},
				{Name: "Health", StartedAt: at(4)},
			},
		},
		Outcome: deployment.Outcome{
			Status: deployment.Failed, Reason: deployment.ReasonSignal, ExitCode: &code, Signal: "SIGKILL",
			Source: deployment.Source{
				Commit: "c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffee", Message: "Greet everybody",
			},
		},
	}
}

// ErrAway is an outage of a table.
var ErrAway = fault.New(fault.Unavailable, "The table does not answer.")
