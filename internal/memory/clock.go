package memory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"waybill/internal/schedule"
)

// maxNames is the page of [Clock.Names], small so that tests read several.
const maxNames = 3

// Clock is a [schedule.Clock] that never fires. The zero Clock is empty.
type Clock struct {
	mu     sync.Mutex
	copies map[string]schedule.Copy
	made   map[string]time.Time
	// Now, if set, tells when copies are made.
	Now func() time.Time
	// Refuse, if set, is the error of Set.
	Refuse func(schedule.Copy) error
}

// Set adds the copy.
func (c *Clock) Set(ctx context.Context, one schedule.Copy) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.Refuse != nil {
		if err := c.Refuse(one); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.copies[one.Name]; there {
		return nil
	}
	if c.copies == nil {
		c.copies, c.made = map[string]schedule.Copy{}, map[string]time.Time{}
	}
	c.copies[one.Name] = one
	if c.Now != nil {
		c.made[one.Name] = c.Now()
	}
	return nil
}

// Clear removes the copy.
func (c *Clock) Clear(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.copies, name)
	delete(c.made, name)
	return nil
}

// Names returns the names in their order.
func (c *Clock) Names(ctx context.Context, after string) (names []schedule.Named, next string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(c.copies)) {
		if name <= after {
			continue
		}
		if len(names) == maxNames {
			return names, names[maxNames-1].Name, nil
		}
		names = append(names, schedule.Named{Name: name, MadeAt: c.made[name]})
	}
	return names, "", nil
}

// Copies returns the copies in the order of their names.
func (c *Clock) Copies() []schedule.Copy {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []schedule.Copy
	for _, name := range slices.Sorted(maps.Keys(c.copies)) {
		all = append(all, c.copies[name])
	}
	return all
}

var _ schedule.Clock = (*Clock)(nil)
