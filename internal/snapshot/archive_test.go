package snapshot_test

import (
	"testing"

	"waybill/internal/memory"
	"waybill/internal/snapshot"
	"waybill/internal/snapshot/snapshottest"
)

func TestArchive(t *testing.T) {
	snapshottest.TestArchive(t, func(*testing.T) snapshot.Archive { return memory.New(memory.Options{}).Snapshots() })
}
