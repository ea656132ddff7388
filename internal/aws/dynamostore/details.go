package dynamostore

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// detailsItem has the texts of a deployment that are written once and would not fit
// into its record. Its partition key is the id of the deployment, so no query for the
// deployments of a resource finds it. The record says that there is one; without that,
// it is not read.
type detailsItem struct {
	// Message is the one of the commit that was built, if the record has no room for it.
	Message         string `dynamodbav:"message,omitempty"`
	ScrubbedAt      int64  `dynamodbav:"scrubbed_at,omitempty"`
	ScrubbedBy      string `dynamodbav:"scrubbed_by,omitempty"`
	ScrubDeployment string `dynamodbav:"scrub_deployment,omitempty"`
	ScrubbedEntries int    `dynamodbav:"scrubbed_entries,omitempty"`
	Original        string `dynamodbav:"original_digest,omitempty"`
	HeldAt          int64  `dynamodbav:"held_at,omitempty"`
	HeldBy          string `dynamodbav:"held_by,omitempty"`
	HoldReason      string `dynamodbav:"hold_reason,omitempty"`
	// The override of the windows is written with the record.
	OverrideReason string `dynamodbav:"override_reason,omitempty"`
	OverriddenBy   string `dynamodbav:"overridden_by,omitempty"`
	// After has the dependencies.
	After []dependencyItem `dynamodbav:"after,omitempty"`
}

// dependencyItem is a [deployment.Dependency].
type dependencyItem struct {
	Resource   catalog.ID        `dynamodbav:"resource"`
	Deployment deployment.ID     `dynamodbav:"deployment"`
	Status     deployment.Status `dynamodbav:"status"`
}

// detailsSortKey is the sort key of details.
const detailsSortKey = "details"

func detailsKey(id deployment.ID) item {
	return item{"resource_uuid": text(id), "deployment_uuid": text(detailsSortKey)}
}

// newDetailsItem returns the details of a record, which are empty for most.
func newDetailsItem(r deployment.Record) detailsItem {
	return detailsItem{
		Message:         r.Outcome.Source.Message,
		ScrubbedAt:      micros(r.Scrub.At),
		ScrubbedBy:      r.Scrub.By,
		ScrubDeployment: string(r.Scrub.Deployment),
		ScrubbedEntries: r.Scrub.Entries,
		Original:        r.Scrub.Original,
		HeldAt:          micros(r.Hold.At),
		HeldBy:          r.Hold.By,
		HoldReason:      r.Hold.Reason,
		After:           newDependencyItems(r.After),
		OverrideReason:  r.WindowOverride.Reason,
		OverriddenBy:    r.WindowOverride.By,
	}
}

func newDependencyItems(after []deployment.Dependency) []dependencyItem {
	var stored []dependencyItem
	for _, one := range after {
		stored = append(stored, dependencyItem(one))
	}
	return stored
}

func (f detailsItem) isZero() bool { return reflect.ValueOf(f).IsZero() }

// addTo adds the details to their record.
func (f detailsItem) addTo(r *deployment.Record) {
	if f.Message != "" {
		r.Outcome.Source.Message = f.Message
	}
	r.Scrub = deployment.ScrubSummary{At: fromMicros(f.ScrubbedAt), By: f.ScrubbedBy,
		Deployment: deployment.ID(f.ScrubDeployment), Entries: f.ScrubbedEntries, Original: f.Original}
	r.WindowOverride = deployment.WindowOverride{Reason: f.OverrideReason, By: f.OverriddenBy}
	if r.Hold.Held {
		r.Hold.At, r.Hold.By, r.Hold.Reason = fromMicros(f.HeldAt), f.HeldBy, f.HoldReason
	}
	r.After = nil
	for _, one := range f.After {
		r.After = append(r.After, deployment.Dependency(one))
	}
	if f.ScrubbedAt != 0 {
		r.UpdatedAt = r.Scrub.At
	}
}

// addDetails reads the details of one record.
func (s recordStore) addDetails(ctx context.Context, record *deployment.Record) error {
	stored, err := read(ctx, s.client, s.tables.of(record.ID.Kind()), detailsKey(record.ID))
	if err != nil || stored == nil {
		return err
	}
	var fields detailsItem
	if err := decode(stored, &fields); err != nil {
		return err
	}
	fields.addTo(record)
	return nil
}

// decodeAll decodes records with their details.
func (s recordStore) decodeAll(ctx context.Context, items []item) ([]deployment.Record, error) {
	var records []deployment.Record
	detailed := map[deployment.ID]bool{}
	for _, stored := range items {
		record, hasDetails, err := decodeRecord(stored)
		if err != nil {
			return nil, err
		}
		records, detailed[record.ID] = append(records, record), hasDetails
	}
	return records, s.addAllDetails(ctx, records, detailed)
}

// addAllDetails reads the details of the records that have some, at most 100, by one
// request.
func (s recordStore) addAllDetails(ctx context.Context, records []deployment.Record,
	detailed map[deployment.ID]bool) error {
	wanted := map[string]types.KeysAndAttributes{}
	places := map[deployment.ID]int{}
	for place, record := range records {
		if detailed[record.ID] {
			places[record.ID] = place
			s.want(wanted, record.ID, detailsKey(record.ID))
		}
	}
	if len(places) == 0 {
		return nil
	}
	read, err := readBatch(ctx, s.client, wanted)
	if err != nil {
		return err
	}
	for _, stored := range slices.Concat(slices.Collect(maps.Values(read))...) {
		id, fields, err := decodeDetails(stored)
		if err != nil {
			return err
		}
		fields.addTo(&records[places[id]])
	}
	return nil
}

// decodeDetails decodes details and the id of their deployment.
func decodeDetails(stored item) (deployment.ID, detailsItem, error) {
	var fields detailsItem
	err := decode(stored, &fields)
	return deployment.ID(textOf(stored, "resource_uuid")), fields, err
}

// want adds a key of the table of the deployment's kind to a batch of reads.
func (s recordStore) want(batch map[string]types.KeysAndAttributes, id deployment.ID, key item) {
	table := s.tables.of(id.Kind())
	batch[table] = types.KeysAndAttributes{
		ConsistentRead: aws.Bool(true),
		Keys:           append(batch[table].Keys, key),
	}
}
