package dynamostore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/trigger"
)

// Triggers is the table of events. It has the keys part and id, and four kinds of items:
//
//	part          id                 content
//	event/ID      event              an event and its results
//	recent        TIME.ID            the id of an event, in the order of the arrivals
//	slot/UUID     slot               what waits for a resource
//	due           TIME.UUID          a resource whose slot has a pending event that is due then
//
// The item of a due time is written in one transaction with its slot. It is safe for use by
// several goroutines.
type Triggers struct {
	client *dynamodb.Client
	table  string
}

var _ trigger.Store = (*Triggers)(nil)

// NewTriggers returns the events in the table.
func NewTriggers(client *dynamodb.Client, table string) *Triggers {
	return &Triggers{client: client, table: table}
}

// The partitions of the lists.
const (
	partRecent = "recent"
	partDue    = "due"
)

func triggerKey(part, id string) item { return item{"part": text(part), "id": text(id)} }

func receivedKey(id string) item { return triggerKey("event/"+id, "event") }

func slotKey(resource catalog.ID) item { return triggerKey("slot/"+string(resource), "slot") }

func dueKey(resource catalog.ID, due time.Time) item {
	return triggerKey(partDue, catalog.TimeText(due)+"."+string(resource))
}

// receivedItem is an event. Results are by the uuid of the resource; "event" is the whole one.
type receivedItem struct {
	Event   string                `dynamodbav:"event"`
	Arrival int64                 `dynamodbav:"arrival"`
	Settled bool                  `dynamodbav:"settled"`
	Results map[string]resultItem `dynamodbav:"results"`
}

type resultItem struct {
	Outcome    string `dynamodbav:"outcome"`
	Reason     string `dynamodbav:"reason,omitempty"`
	Deployment string `dynamodbav:"deployment,omitempty"`
	Into       string `dynamodbav:"into,omitempty"`
	Until      int64  `dynamodbav:"until,omitempty"`
	At         int64  `dynamodbav:"at"`
}

// wholeEvent is the key of the result of an event as a whole.
const wholeEvent = "event"

func newResultItem(r trigger.Result) resultItem {
	return resultItem{Outcome: string(r.Outcome), Reason: r.Reason, Deployment: string(r.Deployment),
		Into: r.Into, Until: micros(r.Until), At: micros(r.At)}
}

func (r resultItem) result() trigger.Result {
	return trigger.Result{Outcome: trigger.Outcome(r.Outcome), Reason: r.Reason,
		Deployment: deployment.ID(r.Deployment), Into: r.Into, Until: fromMicros(r.Until),
		At: fromMicros(r.At)}
}

func decodeReceived(stored item) (trigger.Received, error) {
	var fields receivedItem
	if err := decode(stored, &fields); err != nil {
		return trigger.Received{}, err
	}
	event, err := trigger.DecodeStored([]byte(fields.Event))
	if err != nil {
		return trigger.Received{}, err
	}
	received := trigger.Received{Event: event, Arrival: fromMicros(fields.Arrival), Settled: fields.Settled,
		Results: map[catalog.ID]trigger.Result{}}
	for resource, result := range fields.Results {
		if resource == wholeEvent {
			resource = ""
		}
		received.Results[catalog.ID(resource)] = result.result()
	}
	return received, nil
}

// Get reads one item.
func (s *Triggers) Get(ctx context.Context, id string) (trigger.Received, error) {
	stored, err := read(ctx, s.client, s.table, receivedKey(id))
	if err != nil {
		return trigger.Received{}, err
	}
	if stored == nil {
		return trigger.Received{}, trigger.NewNotFoundError()
	}
	return decodeReceived(stored)
}

// Receive writes the event and its place in the list, on the condition that it is new. Only a
// repeat reads.
func (s *Triggers) Receive(ctx context.Context, event trigger.Event,
	now time.Time) (trigger.Received, error) {
	received := trigger.NewReceived(event, now)
	encoded, err := trigger.Encode(received.Event)
	if err != nil {
		return trigger.Received{}, err
	}
	expires := number(received.Arrival.Add(trigger.Kept).Unix())
	whole := with(receivedKey(event.ID), item{"event": text(string(encoded)),
		"arrival": number(micros(received.Arrival)), "settled": &types.AttributeValueMemberBOOL{},
		"results": &types.AttributeValueMemberM{Value: item{}}, "expires_at": expires})
	if err := checkSize(itemSize(whole)); err != nil {
		return trigger.Received{}, err
	}
	listed := with(triggerKey(partRecent, catalog.TimeText(received.Arrival)+"."+event.ID),
		item{"event_id": text(event.ID), "expires_at": expires})
	writes := []types.TransactWriteItem{
		put(s.table, whole, "attribute_not_exists(#part)", nil), put(s.table, listed, "", nil),
	}
	err = retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, s.client, writes)
		if done || err != nil || len(why.unmet) == 0 {
			return done, err
		}
		received, err = s.Get(ctx, event.ID)
		return err == nil, ignoreNotFound(err)
	})
	return received, err
}

// ignoreNotFound is for an item that expired between two requests.
func ignoreNotFound(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// slotItem is a slot.
type slotItem struct {
	Revision   int          `dynamodbav:"revision"`
	Newest     orderItem    `dynamodbav:"newest"`
	Deployment string       `dynamodbav:"deployment,omitempty"`
	Pending    *pendingItem `dynamodbav:"pending,omitempty"`
}

type orderItem struct {
	Time    int64  `dynamodbav:"time"`
	Arrival int64  `dynamodbav:"arrival"`
	ID      string `dynamodbav:"event_id"`
}

type pendingItem struct {
	Order    orderItem `dynamodbav:"order"`
	Work     workItem  `dynamodbav:"work"`
	Due      int64     `dynamodbav:"due"`
	Since    int64     `dynamodbav:"since"`
	StartAt  int64     `dynamodbav:"start_at,omitempty"`
	Starting bool      `dynamodbav:"starting,omitempty"`
	Queued   bool      `dynamodbav:"queued,omitempty"`
}

type workItem struct {
	Operation string `dynamodbav:"operation"`
	Pull      bool   `dynamodbav:"pull,omitempty"`
	StopFirst bool   `dynamodbav:"stop_first,omitempty"`
	Force     bool   `dynamodbav:"force,omitempty"`
	DockerTag string `dynamodbav:"docker_tag,omitempty"`
	Digest    string `dynamodbav:"digest,omitempty"`
	Commit    string `dynamodbav:"commit,omitempty"`
	Kind      string `dynamodbav:"kind"`
	Name      string `dynamodbav:"name,omitempty"`
	Chain     int    `dynamodbav:"chain,omitempty"`
	CausedBy  string `dynamodbav:"caused_by,omitempty"`
	Retags    bool   `dynamodbav:"retags,omitempty"`

	After []catalog.ID `dynamodbav:"after,omitempty"`
}

func newOrderItem(o trigger.Order) orderItem {
	return orderItem{Time: micros(o.Time), Arrival: micros(o.Arrival), ID: o.ID}
}

func (o orderItem) order() trigger.Order {
	return trigger.Order{Time: fromMicros(o.Time), Arrival: fromMicros(o.Arrival), ID: o.ID}
}

func newWorkItem(w trigger.Work) workItem {
	return workItem{Operation: string(w.Operation), Pull: w.Options.PullLatestImages,
		StopFirst: w.Options.StopBeforeStart, Force: w.Options.Force, DockerTag: w.Options.DockerTag,
		Digest: w.Options.ImageDigest, Commit: w.Options.Commit, Kind: w.Trigger.Kind, Name: w.Trigger.Name,
		Chain: w.Trigger.Chain, CausedBy: string(w.Trigger.CausedBy),
		Retags: w.Retags, After: w.After}
}

func (w workItem) work() trigger.Work {
	return trigger.Work{Operation: deployment.Operation(w.Operation), Retags: w.Retags, After: w.After,
		Options: deployment.Options{PullLatestImages: w.Pull, StopBeforeStart: w.StopFirst, Force: w.Force,
			DockerTag: w.DockerTag, ImageDigest: w.Digest, Commit: w.Commit},
		Trigger: deployment.Trigger{Kind: w.Kind, Name: w.Name, Chain: w.Chain,
			CausedBy: deployment.ID(w.CausedBy)}}
}

func encodeSlot(slot trigger.Slot) (item, error) {
	fields := slotItem{Revision: slot.Revision, Newest: newOrderItem(slot.Newest),
		Deployment: string(slot.Deployment)}
	if p := slot.Pending; p != nil {
		fields.Pending = &pendingItem{Order: newOrderItem(p.Order), Work: newWorkItem(p.Work),
			Due: micros(p.Due), Since: micros(p.Since), StartAt: micros(p.StartAt), Starting: p.Starting,
			Queued: p.Queued}
	}
	encoded, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode what waits for %s", slot.Resource)
	}
	return with(encoded, slotKey(slot.Resource)), nil
}

// Slot reads one item.
func (s *Triggers) Slot(ctx context.Context, resource catalog.ID) (trigger.Slot, error) {
	slot := trigger.Slot{Resource: resource}
	stored, err := read(ctx, s.client, s.table, slotKey(resource))
	if err != nil || stored == nil {
		return slot, err
	}
	var fields slotItem
	if err := decode(stored, &fields); err != nil {
		return slot, err
	}
	slot.Revision, slot.Newest = fields.Revision, fields.Newest.order()
	slot.Deployment = deployment.ID(fields.Deployment)
	if p := fields.Pending; p != nil {
		slot.Pending = &trigger.Pending{Order: p.Order.order(), Work: p.Work.work(), Due: fromMicros(p.Due),
			Since: fromMicros(p.Since), StartAt: fromMicros(p.StartAt), Starting: p.Starting,
			Queued: p.Queued}
	}
	return slot, nil
}

// Save writes the slot, the item of its due time and the results. The slot has the revision, so
// its condition also guards the item of the former due time, which is read before.
func (s *Triggers) Save(ctx context.Context, slot trigger.Slot, results map[string]trigger.Result) error {
	before, err := s.Slot(ctx, slot.Resource)
	if err != nil {
		return err
	}
	if before.Revision != slot.Revision {
		return trigger.NewChangedError(slot.Resource)
	}
	slot.Revision++
	whole, err := encodeSlot(slot)
	if err != nil {
		return err
	}
	if slot.Pending == nil { // DynamoDB may remove it when no queue can deliver an older event
		whole["expires_at"] = number(lastOf(results).Add(trigger.SlotKept).Unix())
	}
	condition, values := "attribute_not_exists(#part)", item(nil)
	if before.Revision > 0 {
		condition, values = "#revision = :was", item{":was": number(before.Revision)}
	}
	writes := append([]types.TransactWriteItem{put(s.table, whole, condition, values)},
		s.moveDue(slot.Resource, before.Pending, slot.Pending)...)
	own := len(writes)
	ids := slices.Sorted(maps.Keys(results))
	for _, id := range ids {
		setting, err := s.recording(id, map[catalog.ID]trigger.Result{slot.Resource: results[id]}, false)
		if err != nil {
			return err
		}
		writes = append(writes, update(setting))
	}
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, s.client, writes)
		switch {
		case done, err != nil, len(why.unmet) == 0:
			return done, err
		case why.unmet[0] < own:
			return true, trigger.NewChangedError(slot.Resource)
		}
		writes = slices.Delete(writes, why.unmet[0], why.unmet[0]+1) // the event has expired
		return false, nil
	})
}

// lastOf returns the time of the last result, which is the time of the write.
func lastOf(results map[string]trigger.Result) (last time.Time) {
	for _, result := range results {
		if result.At.After(last) {
			last = result.At
		}
	}
	return last
}

// moveDue returns the writes that replace the item of the due time.
func (s *Triggers) moveDue(resource catalog.ID, before, after *trigger.Pending) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	if before != nil && (after == nil || !after.Due.Equal(before.Due)) {
		writes = append(writes, remove(s.table, dueKey(resource, before.Due), "", nil))
	}
	if after != nil && (before == nil || !after.Due.Equal(before.Due)) {
		writes = append(writes, put(s.table, with(dueKey(resource, after.Due),
			item{"resource_uuid": text(resource)}), "", nil))
	}
	return writes
}

// recording is the write of results of an event that exists.
func (s *Triggers) recording(id string, results map[catalog.ID]trigger.Result,
	settled bool) (change, error) {
	setting := change{table: s.table, key: receivedKey(id), condition: "attribute_exists(#part)",
		values: item{}, members: map[string]string{}}
	var sets []string
	expires := time.Time{}
	for n, resource := range slices.Sorted(maps.Keys(results)) {
		encoded, err := attributevalue.Marshal(newResultItem(results[resource]))
		if err != nil {
			return change{}, fault.Wrap(err, fault.Internal, "encode a result")
		}
		place := string(rune('a' + n%26))
		for range n / 26 {
			place += "z"
		}
		setting.members["#m_"+place] = cmp.Or(string(resource), wholeEvent)
		setting.values[":m_"+place] = encoded
		sets = append(sets, "#results.#m_"+place+" = :m_"+place)
		if at := results[resource].Expiry(); at.After(expires) {
			expires = at
		}
	}
	if settled {
		sets = append(sets, "#settled = :settled")
		setting.values[":settled"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if !expires.IsZero() {
		sets = append(sets, "#expires_at = :expires")
		setting.values[":expires"] = number(expires.Unix())
	}
	setting.update = "SET " + strings.Join(sets, ", ")
	return setting, nil
}

// Record updates one item.
func (s *Triggers) Record(ctx context.Context, id string, results map[catalog.ID]trigger.Result,
	settled bool) error {
	setting, err := s.recording(id, results, settled)
	if err != nil {
		return err
	}
	return retry(ctx, func() (bool, error) {
		_, err := s.client.UpdateItem(ctx, setting.updating())
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err // it has expired
	})
}

// Due is one query.
func (s *Triggers) Due(ctx context.Context, now time.Time, limit int) ([]catalog.ID, error) {
	const condition = "#part = :part AND #id < :after"
	found, err := take(ctx, s.client, &dynamodb.QueryInput{
		TableName:                aws.String(s.table),
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":part": text(partDue),
			":after": text(catalog.TimeText(now.Add(time.Microsecond)))},
	}, limit)
	due := make([]catalog.ID, 0, len(found))
	for _, stored := range found {
		due = append(due, catalog.ID(textOf(stored, "resource_uuid")))
	}
	return due, err
}

// Recent is one query for the ids, and one read of the events for each hundred.
func (s *Triggers) Recent(ctx context.Context, limit int) ([]trigger.Received, error) {
	const condition = "#part = :part"
	listed, err := take(ctx, s.client, &dynamodb.QueryInput{
		TableName:                 aws.String(s.table),
		ConsistentRead:            aws.Bool(true),
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":part": text(partRecent)},
	}, limit)
	if err != nil {
		return nil, err
	}
	received := map[string]trigger.Received{}
	for some := range slices.Chunk(listed, 100) {
		keys := make([]item, 0, len(some))
		for _, one := range some {
			keys = append(keys, receivedKey(textOf(one, "event_id")))
		}
		found, err := readBatch(ctx, s.client, map[string]types.KeysAndAttributes{
			s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}})
		if err != nil {
			return nil, err
		}
		for _, stored := range found[s.table] {
			one, err := decodeReceived(stored)
			if err != nil {
				return nil, err
			}
			received[one.ID] = one
		}
	}
	all := make([]trigger.Received, 0, len(listed))
	for _, one := range listed { // an event that has expired is not listed
		if found, there := received[textOf(one, "event_id")]; there {
			all = append(all, found)
		}
	}
	return all, nil
}
