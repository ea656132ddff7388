package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
)

// kindSchedules is the kind of the schedules in the catalog table. All schedules of a resource are one
// item, so that their number is limited by a condition, and the deletion of the resource removes them.
const kindSchedules = "schedules"

// Schedules are the schedules of resources, in the catalog table. It is safe for use by several
// goroutines.
type Schedules struct {
	client *dynamodb.Client
	// catalog counts the resource as unchanged in the transaction.
	catalog *Catalog
}

// NewSchedules returns the schedules in the tables.
func NewSchedules(client *dynamodb.Client, tables Tables) *Schedules {
	return &Schedules{client: client, catalog: NewCatalog(client, tables)}
}

var (
	_ schedule.Store  = (*Schedules)(nil)
	_ schedule.Lister = (*Schedules)(nil)
)

// setItem has all schedules of a resource.
type setItem struct {
	Kind      string         `dynamodbav:"kind"`
	UUID      string         `dynamodbav:"uuid"`
	Revision  int            `dynamodbav:"revision"`
	Schedules []scheduleItem `dynamodbav:"schedules"`
}

type scheduleItem struct {
	ID         string  `dynamodbav:"id"`
	Expression string  `dynamodbav:"expression"`
	Timezone   string  `dynamodbav:"timezone"`
	Operation  string  `dynamodbav:"operation"`
	Pull       bool    `dynamodbav:"pull_latest_images,omitempty"`
	StopFirst  bool    `dynamodbav:"stop_before_start,omitempty"`
	Force      bool    `dynamodbav:"force,omitempty"`
	DockerTag  string  `dynamodbav:"docker_tag,omitempty"`
	Commit     string  `dynamodbav:"commit,omitempty"`
	Enabled    bool    `dynamodbav:"enabled"`
	Flexible   int     `dynamodbav:"flexible_minutes,omitempty"`
	Start      instant `dynamodbav:"start"`
	Generation string  `dynamodbav:"generation,omitempty"`
	CreatedAt  instant `dynamodbav:"created_at"`
	UpdatedAt  instant `dynamodbav:"updated_at"`

	After []catalog.ID `dynamodbav:"after,omitempty"`
}

func schedulesKey(resource catalog.ID) item { return itemKey(kindSchedules, resource) }

// Of makes one read.
func (s *Schedules) Of(ctx context.Context, resource catalog.ID) (schedule.Set, error) {
	stored, err := read(ctx, s.client, s.catalog.table, schedulesKey(resource))
	if err != nil || stored == nil {
		return schedule.Set{Resource: resource}, err
	}
	return decodeSet(stored)
}

// Replace makes one transaction. It adds nothing to the number of the resource's dependents, which is
// a write of its head: so the resource exists, and is not deleted at the same time.
func (s *Schedules) Replace(ctx context.Context, set schedule.Set, entry audit.Entry) error {
	condition, values := "attribute_not_exists(#uuid)", item(nil)
	if set.Revision > 0 {
		condition, values = "#revision = :was", item{":was": number(set.Revision)}
	}
	replacing := remove(s.catalog.table, schedulesKey(set.Resource), condition, values)
	if len(set.Schedules) > 0 {
		whole, err := encodeSet(set)
		if err != nil {
			return err
		}
		replacing = put(s.catalog.table, whole, condition, values)
	}
	writes := []types.TransactWriteItem{replacing, s.catalog.count(set.Resource, 0)}
	writes = append(writes, entering(s.catalog.audit, entry)...)
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, s.client, writes)
		if done || err != nil || len(why.unmet) == 0 {
			return done, err
		}
		for _, unmet := range why.unmet {
			if unmet == 1 {
				return true, catalog.NewNotFoundError(set.Resource)
			}
		}
		if why.unmet[0] == 0 {
			return true, schedule.ErrChanged
		}
		return true, newEnteredError()
	})
}

// Sets makes one query, and more only beyond 1 MB.
func (s *Schedules) Sets(ctx context.Context, after catalog.ID) ([]schedule.Set, catalog.ID, error) {
	condition, values := "#kind = :kind", item{":kind": text(kindSchedules)}
	if after != "" {
		condition += " AND #uuid > :after"
		values[":after"] = text(after)
	}
	found, err := take(ctx, s.client, &dynamodb.QueryInput{
		TableName:                 aws.String(s.catalog.table),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
		ConsistentRead:            aws.Bool(true),
	}, catalog.MaxPage+1)
	if err != nil {
		return nil, "", err
	}
	var sets []schedule.Set
	for _, stored := range found[:min(len(found), catalog.MaxPage)] {
		set, err := decodeSet(stored)
		if err != nil {
			return nil, "", err
		}
		sets = append(sets, set)
	}
	if len(found) <= catalog.MaxPage {
		return sets, "", nil
	}
	return sets, sets[len(sets)-1].Resource, nil
}

func encodeSet(set schedule.Set) (item, error) {
	var all []scheduleItem
	for _, one := range set.Schedules {
		all = append(all, scheduleItem{
			ID: string(one.ID), Expression: one.Expression, Timezone: one.Timezone,
			Operation: string(one.Operation), Pull: one.Options.PullLatestImages,
			StopFirst: one.Options.StopBeforeStart, Force: one.Options.Force,
			DockerTag: one.Options.DockerTag, Commit: one.Options.Commit, Enabled: one.Enabled,
			Flexible: int(one.Flexible / time.Minute), Start: instant(one.Start), Generation: one.Generation,
			CreatedAt: instant(one.CreatedAt), UpdatedAt: instant(one.UpdatedAt), After: one.After,
		})
	}
	list, err := part(all)
	if err != nil {
		return nil, err
	}
	return with(schedulesKey(set.Resource),
		item{"revision": number(set.Revision + 1), "schedules": list}), nil
}

func decodeSet(stored item) (schedule.Set, error) {
	var fields setItem
	if err := decode(stored, &fields); err != nil {
		return schedule.Set{}, err
	}
	set := schedule.Set{Resource: catalog.ID(fields.UUID), Revision: fields.Revision}
	for _, one := range fields.Schedules {
		set.Schedules = append(set.Schedules, schedule.Schedule{
			ID: schedule.ID(one.ID), Expression: one.Expression, Timezone: one.Timezone,
			Operation: deployment.Operation(one.Operation),
			Options: deployment.Options{PullLatestImages: one.Pull, StopBeforeStart: one.StopFirst,
				Force: one.Force, DockerTag: one.DockerTag, Commit: one.Commit},
			Enabled: one.Enabled, Flexible: time.Duration(one.Flexible) * time.Minute,
			Start: time.Time(one.Start), Generation: one.Generation,
			CreatedAt: time.Time(one.CreatedAt), UpdatedAt: time.Time(one.UpdatedAt), After: one.After,
		})
	}
	return set, nil
}
