package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Book changes the schedules of resources and their copies.
//
// A copy is made before the definition that names it is stored, because only the clock knows whether
// it takes an expression. The former copy is removed after that. A crash between leaves a copy that no
// definition names: its messages start nothing, and [Keeper.Repair] removes it. Both copies may fire
// for the same due time, which is one event.
type Book struct {
	store Store
	clock Clock
	opts  Options
}

// Options adjust [NewBook]; the zero value works.
type Options struct {
	// Now and Random default to the clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return o
}

// NewBook returns the use case over definitions and a clock.
func NewBook(store Store, clock Clock, opts Options) *Book {
	return &Book{store, clock, opts.withDefaults()}
}

// Audit makes the entry for a change of a schedule.
type Audit func(Schedule) (audit.Entry, error)

// Add stores a new schedule, which has its ID and what users define, and returns it. Invalid,
// naming the fields, if it cannot run. NotFound if there is no such resource, Conflict if it has
// [MaxPerResource] already, or if its schedules change at the same time.
func (b *Book) Add(ctx context.Context, resource catalog.ID, added Schedule, entry Audit) (Schedule, error) {
	return retry(func() (Schedule, error) { return b.add(ctx, resource, added, entry) })
}

// retry tries a change again if other changes of the resource's schedules came between.
func retry[T any](try func() (T, error)) (done T, err error) {
	for range maxTries {
		if done, err = try(); !errors.Is(err, ErrChanged) {
			break
		}
	}
	return done, err
}

const maxTries = 5

func (b *Book) add(ctx context.Context, resource catalog.ID, added Schedule, entry Audit) (Schedule, error) {
	set, err := b.store.Of(ctx, resource)
	if err != nil {
		return Schedule{}, err
	}
	if len(set.Schedules) >= MaxPerResource {
		return Schedule{}, fault.New(fault.Conflict,
			"It has %d schedules, which is the limit. Delete one first.", MaxPerResource)
	}
	now := b.now()
	added.CreatedAt = now
	if err := b.prepare(ctx, resource, &added, Schedule{}, now); err != nil {
		return Schedule{}, err
	}
	set.Schedules = append(slices.Clone(set.Schedules), added)
	return added, b.replace(ctx, set, added, Schedule{}, entry)
}

// Change stores a schedule as edit leaves it, and returns it. edit returns false to change nothing.
// It fails as Add does, and with NotFound if there is no such schedule.
func (b *Book) Change(ctx context.Context, resource catalog.ID, id ID,
	edit func(*Schedule) (changed bool, err error), entry Audit) (Schedule, error) {
	return retry(func() (Schedule, error) { return b.change(ctx, resource, id, edit, entry) })
}

func (b *Book) change(ctx context.Context, resource catalog.ID, id ID,
	edit func(*Schedule) (changed bool, err error), entry Audit) (Schedule, error) {
	set, present, err := b.find(ctx, resource, id)
	if err != nil {
		return Schedule{}, err
	}
	edited := present
	if changed, err := edit(&edited); err != nil || !changed {
		return present, err
	}
	if err := b.prepare(ctx, resource, &edited, present, b.now()); err != nil {
		return Schedule{}, err
	}
	set.Schedules = slices.Clone(set.Schedules)
	set.Schedules[set.index(id)] = edited
	return edited, b.replace(ctx, set, edited, present, entry)
}

// Remove deletes a schedule. NotFound if there is no such schedule, Conflict if the schedules of the
// resource change at the same time.
func (b *Book) Remove(ctx context.Context, resource catalog.ID, id ID, entry Audit) error {
	_, err := retry(func() (Schedule, error) {
		set, present, err := b.find(ctx, resource, id)
		if err != nil {
			return Schedule{}, err
		}
		i := set.index(id)
		set.Schedules = slices.Delete(slices.Clone(set.Schedules), i, i+1)
		removed := present
		removed.Generation = ""
		return removed, b.replace(ctx, set, removed, present, entry)
	})
	return err
}

// Find returns a schedule of the resource, or NotFound.
func (b *Book) Find(ctx context.Context, resource catalog.ID, id ID) (Schedule, error) {
	_, found, err := b.find(ctx, resource, id)
	return found, err
}

func (b *Book) find(ctx context.Context, resource catalog.ID, id ID) (Set, Schedule, error) {
	set, err := b.store.Of(ctx, resource)
	if err != nil {
		return Set{}, Schedule{}, err
	}
	found, is := set.Find(id)
	if !is {
		return Set{}, Schedule{}, NewNotFoundError()
	}
	return set, found, nil
}

// prepare checks a schedule and makes its copy if it has another one than before.
func (b *Book) prepare(ctx context.Context, resource catalog.ID, s *Schedule, before Schedule,
	now time.Time) error {
	s.UpdatedAt = now
	if s.sameRuns(before) {
		_, err := s.check()
		return err
	}
	if err := s.restart(before, now); err != nil {
		return err
	}
	s.Generation = ""
	if !s.Enabled {
		return nil
	}
	var err error
	if s.Generation, err = catalog.RandomText(generationLength, b.opts.Random); err != nil {
		return err
	}
	copied, err := s.copy(resource, now)
	if err != nil {
		return err
	}
	return b.clock.Set(ctx, copied)
}

const generationLength = 8

// restart checks a schedule whose runs change. A rate with another expression begins with its first
// step; it keeps its steps if only other things change.
func (s *Schedule) restart(before Schedule, now time.Time) error {
	expression, err := s.check()
	if err != nil {
		return err
	}
	switch {
	case expression.Rate() == 0:
		s.Start = time.Time{}
		if s.Enabled && expression.Next(now).IsZero() {
			return fault.InvalidField("expression", "has no run in the future")
		}
	case s.Expression != before.Expression:
		s.Start = now.Truncate(time.Minute).Add(expression.Rate())
	}
	return nil
}

// copy returns its copy. Invalid if the expression cannot be read.
func (s Schedule) copy(resource catalog.ID, now time.Time) (Copy, error) {
	expression, err := s.Parsed()
	if err != nil {
		return Copy{}, err
	}
	copied := Copy{Name: s.CopyName(), Schedule: s.ID, Resource: resource, Expression: expression.String(),
		Timezone: s.Timezone, Flexible: s.Flexible}
	if expression.Rate() > 0 {
		copied.Start = expression.Next(now)
	}
	return copied, nil
}

// replace stores the set, and removes the copy that no definition names from then on.
func (b *Book) replace(ctx context.Context, set Set, after, before Schedule, entry Audit) error {
	written, err := entry(after)
	if err == nil {
		err = b.store.Replace(ctx, set, written)
	}
	needless := before.CopyName()
	if err != nil {
		needless = after.CopyName()
	}
	if after.CopyName() == before.CopyName() || needless == "" || uncertain(err) {
		return err
	}
	// If this fails, the copy is left to the sweep. Its messages start nothing.
	_ = b.clock.Clear(context.WithoutCancel(ctx), needless)
	return err
}

// uncertain reports whether the definition may be stored in spite of the error. Then its copy stays,
// and the sweep decides.
func uncertain(err error) bool {
	return err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Conflict) &&
		!errors.Is(err, fault.Invalid)
}

func (b *Book) now() time.Time { return b.opts.Now().UTC().Truncate(time.Microsecond) }

// NewNotFoundError is NotFound: the resource has no such schedule.
func NewNotFoundError() error { return fault.New(fault.NotFound, "Schedule not found.") }

// ErrChanged is Conflict: the schedules of the resource changed after they were read.
var ErrChanged = fault.New(fault.Conflict,
	"The schedules were changed by someone else in the meantime. Try again.")
