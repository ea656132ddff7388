package deployment

import (
	"context"
	"errors"
	"path"
	"time"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// Orphans finds logs without a record. There are some if the removal of a record could not
// be handled for so long that the stream gave up, or after a table was restored.
type Orphans struct {
	history History
	logs    OrphanLogs
	now     func() time.Time
}

// OrphanLogs is an archive that lists its logs.
type OrphanLogs interface {
	logbook.Archive
	logbook.Lister
}

// NewOrphans returns the use case over a history and the logs.
func NewOrphans(history History, logs OrphanLogs, now func() time.Time) *Orphans {
	return &Orphans{history: history, logs: logs, now: now}
}

// orphanAge is how old a log without a record is at least. A record is written before its
// log, so a younger one would be no orphan either; the day is for clocks and mistakes.
const orphanAge = 24 * time.Hour

// Page looks at a page of logs, from the first after the given one on, and returns those
// without a record. It removes them if remove is true. next is the after of the next page,
// or "" on the last one.
//
// It never touches a log whose record exists, whose last object was written less than a day
// ago or whose deployment is younger than that, and no object that is not of a log.
func (o *Orphans) Page(ctx context.Context, after logbook.Book,
	remove bool) (orphans []logbook.Stored, next logbook.Book, err error) {
	books, next, err := o.logs.Books(ctx, after)
	if err != nil {
		return nil, "", err
	}
	for _, stored := range books {
		orphaned, err := o.orphaned(ctx, stored)
		if err == nil && orphaned && remove {
			err = o.logs.Remove(ctx, stored.Book)
		}
		if err != nil {
			return nil, "", err
		}
		if orphaned {
			orphans = append(orphans, stored)
		}
	}
	return orphans, next, nil
}

func (o *Orphans) orphaned(ctx context.Context, stored logbook.Stored) (bool, error) {
	id, err := ParseID(path.Base(string(stored.Book)))
	if err != nil || id.Book() != stored.Book {
		return false, nil
	}
	youngest := o.now().Add(-orphanAge)
	if time.UnixMicro(id.Number()).After(youngest) || stored.Newest.After(youngest) {
		return false, nil
	}
	_, err = o.history.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}
