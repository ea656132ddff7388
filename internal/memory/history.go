package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// history is a [deployment.History].
type history struct{ *Memory }

func (h history) Get(ctx context.Context, id deployment.ID) (deployment.Record, error) {
	var found deployment.Record
	err := h.locked(ctx, func() error {
		record, there := h.records[id]
		if !there {
			return deployment.NewNotFoundError()
		}
		found = cloneRecord(record)
		return nil
	})
	return found, err
}

func (h history) List(ctx context.Context, resource catalog.ID,
	page deployment.Page) (deployment.Listing, error) {
	page, err := page.Check(resource)
	if err != nil {
		return deployment.Listing{}, err
	}
	var listing deployment.Listing
	err = h.locked(ctx, func() error {
		state, there := h.states[resource]
		if !there {
			return nil
		}
		listing.Count, listing.Resources = state.Deployments, h.heads([]catalog.ID{resource})
		ids := h.newestFirst(resource, page.Cursor)
		var places []deployment.Place
		for _, id := range ids {
			places = append(places, deployment.PlaceOf(h.records[id]))
		}
		if page.Filter.IsZero() {
			places = places[min(page.Skip, len(places)):]
		}
		page.Fill(&listing, h.view(page, places))
		return nil
	})
	return listing, err
}

func (h history) Team(ctx context.Context, page deployment.Page) (deployment.Listing, error) {
	page, after, err := page.CheckTeam()
	if err != nil {
		return deployment.Listing{}, err
	}
	var listing deployment.Listing
	err = h.locked(ctx, func() error {
		var places []deployment.Place
		var resources []catalog.ID
		for _, record := range h.records {
			if place := deployment.PlaceOf(record); after.ID == "" || place.Compare(after) < 0 {
				places = append(places, place)
				resources = append(resources, record.ID.Resource())
			}
		}
		slices.SortFunc(places, func(a, b deployment.Place) int { return b.Compare(a) })
		listing.Resources = h.heads(resources)
		page.FillTeam(&listing, h.view(page, places))
		return nil
	})
	return listing, err
}

// view returns the places after the cursor that the page looks at.
func (h history) view(page deployment.Page, places []deployment.Place) deployment.View {
	view := deployment.View{Places: places[:min(page.Looks(), len(places))],
		Records: map[deployment.ID]deployment.Record{}}
	for _, place := range view.Places {
		view.Records[place.ID] = cloneRecord(h.records[place.ID])
	}
	view.More = len(view.Places) < len(places)
	return view
}

// heads returns the heads of the resources that exist.
func (h history) heads(ids []catalog.ID) map[catalog.ID]catalog.Deployable {
	heads := map[catalog.ID]catalog.Deployable{}
	for _, id := range ids {
		if _, there := h.entities[id]; !there {
			continue
		}
		if resource, is := catalog.Head(store(h).entity(id)).(catalog.Deployable); is {
			heads[id] = resource
		}
	}
	return heads
}

// newestFirst returns the resource's deployments after the cursor.
func (h history) newestFirst(resource catalog.ID, cursor string) []deployment.ID {
	var ids []deployment.ID
	for id := range h.records {
		if id.Resource() == resource && (cursor == "" || string(id) < cursor) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

func (h history) Load(ctx context.Context, id catalog.ID) (deployment.Load, error) {
	var load deployment.Load
	err := h.locked(ctx, func() error {
		server, there := h.servers[id]
		if !there {
			return catalog.NewNotFoundError(id)
		}
		load.Running = h.placed(server.running, false, &load.Orphaned)
		load.Queue = h.placed(server.queue, true, &load.Orphaned)
		load.Waiting = h.waiting(server, &load.Orphaned)
		return nil
	})
	return load, err
}

// placed returns the records of the ids that belong in the place, and adds the other
// ids to orphaned.
func (h history) placed(ids []deployment.ID, inQueue bool, orphaned *[]deployment.ID) []deployment.Record {
	var records []deployment.Record
	for _, id := range ids {
		record, there := h.records[id]
		if !there || record.Orphaned(inQueue) {
			*orphaned = append(*orphaned, id)
			continue
		}
		records = append(records, cloneRecord(record))
	}
	return records
}

// waiting returns the records that wait, and adds the ids of others to orphaned.
func (h history) waiting(server *server, orphaned *[]deployment.ID) []deployment.Record {
	var records []deployment.Record
	for _, id := range server.waiting {
		record := h.records[id]
		if !record.Waiting() {
			*orphaned = append(*orphaned, id)
			continue
		}
		records = append(records, cloneRecord(record))
	}
	slices.SortStableFunc(records, deployment.Older)
	return records
}

func (h history) Follow(ctx context.Context, id deployment.ID, now time.Time) error {
	return h.locked(ctx, func() error {
		record, there := h.records[id]
		if !there {
			return deployment.NewNotFoundError()
		}
		if !record.Status.Terminal() && now.Sub(record.FollowedAt) >= deployment.FollowEvery {
			record.FollowedAt = now
			h.save(record)
		}
		return nil
	})
}

func (h history) Storage(ctx context.Context) ([]deployment.Storage, error) {
	var all []deployment.Storage
	err := h.locked(ctx, func() error {
		for _, kind := range []catalog.Kind{
			catalog.KindApplication, catalog.KindService, catalog.KindDatabase,
		} {
			taken := deployment.Storage{Kind: kind}
			for _, states := range []map[catalog.ID]*catalog.State{h.states, h.remains} {
				for id, state := range states {
					if id.Kind() == kind {
						taken.Records += state.Deployments
						taken.LogObjects += state.LogObjects
						taken.LogBytes += state.LogBytes
					}
				}
			}
			all = append(all, taken)
		}
		return nil
	})
	return all, err
}
