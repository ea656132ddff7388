package dynamostore

import (
	"context"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// maxBatch is the most items of one BatchGetItem.
const maxBatch = 100

// Load reads the server and then the records that it names. A deployment may move
// on between the two reads and then seem orphaned. So an entry counts as orphaned
// only if the server, read a second time, still has it: a record and its entries
// change in one transaction.
func (h *History) Load(ctx context.Context, id catalog.ID) (deployment.Load, error) {
	var load deployment.Load
	err := retry(ctx, func() (bool, error) {
		server, err := h.server(ctx, id)
		if err != nil {
			return false, err
		}
		if server == nil {
			return false, catalog.NewNotFoundError(id)
		}
		records, err := h.all(ctx, slices.AppendSeq(slices.Concat(server.Queue, server.Waiting),
			maps.Keys(server.Running)))
		if err != nil {
			return false, err
		}
		load = server.load(records)
		if len(load.Orphaned) == 0 {
			return true, nil
		}
		again, err := h.server(ctx, id)
		return again.hasAs(*server, load.Orphaned), err
	})
	if err != nil {
		return deployment.Load{}, err
	}
	return load, nil
}

// load sorts the records into queue and running set, and lists the ids that do
// not belong in either as orphaned.
func (l *serverState) load(records map[deployment.ID]deployment.Record) deployment.Load {
	var load deployment.Load
	placed := func(id string, inQueue bool) []deployment.Record {
		record, there := records[deployment.ID(id)]
		if !there || record.Orphaned(inQueue) {
			load.Orphaned = append(load.Orphaned, deployment.ID(id))
			return nil
		}
		return []deployment.Record{record}
	}
	for _, id := range l.Queue {
		load.Queue = append(load.Queue, placed(id, true)...)
	}
	for _, id := range slices.Sorted(maps.Keys(l.Running)) {
		load.Running = append(load.Running, placed(id, false)...)
	}
	for _, id := range l.Waiting {
		record := records[deployment.ID(id)]
		if !record.Waiting() {
			load.Orphaned = append(load.Orphaned, deployment.ID(id))
			continue
		}
		load.Waiting = append(load.Waiting, record)
	}
	slices.SortStableFunc(load.Waiting, deployment.Older)
	byClaim := func(a, b deployment.Record) int { return a.ClaimedAt.Compare(b.ClaimedAt) }
	slices.SortStableFunc(load.Running, byClaim)
	return load
}

// hasAs reports whether each of the ids still stands in the same places as before.
func (l *serverState) hasAs(before serverState, ids []deployment.ID) bool {
	for _, id := range ids {
		_, runs := before.Running[string(id)]
		has := func(list, was []string) bool {
			return slices.Contains(list, string(id)) == slices.Contains(was, string(id))
		}
		if l == nil || l.runs(id) != runs || !has(l.Queue, before.Queue) || !has(l.Waiting, before.Waiting) {
			return false
		}
	}
	return true
}

func (l *serverState) runs(id deployment.ID) bool {
	_, runs := l.Running[string(id)]
	return runs
}
