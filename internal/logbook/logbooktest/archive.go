// Package logbooktest is what every [logbook.Archive] must do, as tests.
package logbooktest

import (
	"testing"

	"waybill/internal/logbook"
)

// TestArchive runs the contract of the port over an empty archive.
func TestArchive(t *testing.T, open func(t *testing.T) logbook.Archive) {}
