package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/trigger"
)

// triggers is a [trigger.Store].
type triggers struct{ *Memory }

// Triggers returns the events and what waits for each resource.
func (m *Memory) Triggers() trigger.Store { return triggers{m} }

func (s triggers) Get(ctx context.Context, id string) (trigger.Received, error) {
	var found trigger.Received
	err := s.locked(ctx, func() error {
		stored, there := s.events[id]
		if !there {
			return trigger.NewNotFoundError()
		}
		found = cloneReceived(stored)
		return nil
	})
	return found, err
}

func (s triggers) Receive(ctx context.Context, event trigger.Event, now time.Time) (trigger.Received, error) {
	var found trigger.Received
	err := s.locked(ctx, func() error {
		if _, there := s.events[event.ID]; !there {
			s.events[event.ID] = cloneReceived(trigger.NewReceived(event, now))
		}
		found = cloneReceived(s.events[event.ID])
		return nil
	})
	return found, err
}

func (s triggers) Slot(ctx context.Context, resource catalog.ID) (trigger.Slot, error) {
	slot := trigger.Slot{Resource: resource}
	err := s.locked(ctx, func() error {
		if stored, there := s.slots[resource]; there {
			slot = cloneSlot(stored)
		}
		return nil
	})
	return slot, err
}

func (s triggers) Save(ctx context.Context, slot trigger.Slot, results map[string]trigger.Result) error {
	return s.locked(ctx, func() error {
		if s.slots[slot.Resource].Revision != slot.Revision {
			return trigger.NewChangedError(slot.Resource)
		}
		slot.Revision++
		s.slots[slot.Resource] = cloneSlot(slot)
		for id, result := range results {
			if stored, there := s.events[id]; there {
				stored.Results[slot.Resource] = result
			}
		}
		return nil
	})
}

func (s triggers) Record(ctx context.Context, id string, results map[catalog.ID]trigger.Result,
	settled bool) error {
	return s.locked(ctx, func() error {
		stored, there := s.events[id]
		if !there {
			return nil
		}
		maps.Copy(stored.Results, results)
		stored.Settled = stored.Settled || settled
		s.events[id] = stored
		return nil
	})
}

func (s triggers) Due(ctx context.Context, now time.Time, limit int) ([]catalog.ID, error) {
	var due []catalog.ID
	err := s.locked(ctx, func() error {
		for id, slot := range s.slots {
			if slot.Pending != nil && !slot.Pending.Due.After(now) {
				due = append(due, id)
			}
		}
		slices.SortFunc(due, func(a, b catalog.ID) int {
			return cmp.Or(s.slots[a].Pending.Due.Compare(s.slots[b].Pending.Due), cmp.Compare(a, b))
		})
		return nil
	})
	return due[:min(limit, len(due))], err
}

func (s triggers) Recent(ctx context.Context, limit int) ([]trigger.Received, error) {
	var all []trigger.Received
	err := s.locked(ctx, func() error {
		for _, stored := range s.events {
			all = append(all, cloneReceived(stored))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b trigger.Received) int {
		return cmp.Or(b.Arrival.Compare(a.Arrival), cmp.Compare(b.ID, a.ID))
	})
	return all[:min(limit, len(all))], err
}

func cloneReceived(received trigger.Received) trigger.Received {
	text, err := trigger.Encode(received.Event) // its own form is a deep copy
	if err == nil {
		received.Event, _ = trigger.DecodeStored(text)
	}
	received.Results = maps.Clone(received.Results)
	return received
}

func cloneSlot(slot trigger.Slot) trigger.Slot {
	if slot.Pending != nil {
		slot.Pending = new(*slot.Pending)
	}
	return slot
}
