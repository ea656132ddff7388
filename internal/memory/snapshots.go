package memory

import (
	"bytes"
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// snapshots is a [snapshot.Archive].
type snapshots struct{ *Memory }

func (s snapshots) Put(ctx context.Context, resource catalog.ID, taken snapshot.Snapshot) error {
	return s.locked(ctx, func() error {
		s.snapshots[string(resource)+taken.Hash()] = bytes.Clone(taken)
		return nil
	})
}

func (s snapshots) Get(ctx context.Context, resource catalog.ID, hash string) (snapshot.Snapshot, error) {
	var found snapshot.Snapshot
	err := s.locked(ctx, func() error {
		kept, there := s.snapshots[string(resource)+hash]
		if !there {
			return fault.New(fault.NotFound, "Configuration not found.")
		}
		found = bytes.Clone(kept)
		return nil
	})
	return found, err
}

func (s snapshots) Remove(ctx context.Context, resource catalog.ID, hash string) error {
	return s.locked(ctx, func() error {
		delete(s.snapshots, string(resource)+hash)
		return nil
	})
}
