package memory

import (
	"context"
	"fmt"
	"time"

	"waybill/internal/logbook"
)

// links is a [logbook.Linker]. Its links lead nowhere.
type links struct{ *Memory }

// Links returns the linker of the logs.
func (m *Memory) Links() logbook.Linker { return links{m} }

func (l links) Links(ctx context.Context, book logbook.Book, first, last int,
	valid time.Duration) ([]string, error) {
	var all []string
	for number := first; number <= last; number++ {
		all = append(all, fmt.Sprintf("memory:///logs/%s/%06d.jsonl.gz?for=%s", book, number, valid))
	}
	return all, ctx.Err()
}
