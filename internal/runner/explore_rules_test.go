package runner_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// scene is what the rules look at, read once.
type scene struct {
	records []deployment.Record
	load    deployment.Load
	// places are what each resource's item names as queued and running.
	places map[catalog.ID]catalog.State
	logs   []written
}

// written is a log as the archive has it.
type written struct {
	lines   []string
	headers []logbook.Header
}

func (m *model) scene(ctx context.Context) (scene, error) {
	s := scene{places: map[catalog.ID]catalog.State{}}
	for _, id := range m.shape.requests[:m.asked] {
		got, err := m.History().Get(ctx, id)
		if err != nil {
			return s, err
		}
		s.records = append(s.records, got)
		resource, err := catalog.Find[catalog.Deployable](ctx, m.Catalog(), id.Resource())
		if err != nil {
			return s, err
		}
		s.places[id.Resource()] = resource.Shared().State
		log, err := m.shape.press.written(ctx, m.Archive(), id.Book())
		if err != nil {
			return s, err
		}
		s.logs = append(s.logs, log)
	}
	var err error
	s.load, err = m.History().Load(ctx, serverID)
	return s, err
}

// check holds the promises against a state and the change that led to it.
// changes are the status changes that the change of state has caused.
func (m *model) check(before *model, was, is scene, changes []deployment.Change) error {
	for _, rule := range []func() error{
		func() error { return m.atMostOne(is) },
		func() error { return inOrder(was, is) },
		func() error { return m.afterOthers(is) },
		func() error { return placesMatch(is) },
		func() error { return final(was, is, changes) },
		func() error { return m.once(before, was, is) },
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	for i := range is.records {
		if err := prefix(was, is, i); err != nil {
			return err
		}
	}
	return nil
}

// atMostOne is P2's limits.
func (m *model) atMostOne(is scene) error {
	running := map[catalog.ID]int{}
	all := 0
	for _, got := range is.records {
		if got.Status == deployment.InProgress {
			running[got.ID.Resource()]++
			all++
		}
	}
	for resource, n := range running {
		if n > 1 {
			return fmt.Errorf("P2: %d deployments run on %s", n, resource)
		}
	}
	if all > m.shape.limit {
		return fmt.Errorf("P2: %d deployments run on a server with a limit of %d", all, m.shape.limit)
	}
	return nil
}

// inOrder is P2's order: whoever was claimed was the first that could be, and what joins
// the queue joins its end.
func inOrder(was, is scene) error {
	before, after := ids(was.load.Queue), ids(is.load.Queue)
	stayed := slices.DeleteFunc(slices.Clone(before), func(id deployment.ID) bool {
		return !slices.Contains(after, id)
	})
	if !slices.Equal(stayed, after[:min(len(stayed), len(after))]) {
		return fmt.Errorf("P2: the queue was %v and is %v", before, after)
	}
	for i := range was.records {
		if was.records[i].Status != deployment.Queued || is.records[i].Status != deployment.InProgress {
			continue
		}
		place := slices.Index(before, is.records[i].ID)
		if place < 0 { // it joined in the same step
			place = len(before)
		}
		for _, earlier := range before[:place] {
			if slices.Contains(after, earlier) && is.places[earlier.Resource()].Running == "" {
				return fmt.Errorf("P2: %s was claimed before %s", is.records[i].ID, earlier)
			}
		}
	}
	return nil
}

// afterOthers: what comes after others waits until they have finished, and fails only if one
// of them did not.
func (m *model) afterOthers(is scene) error {
	byID := map[deployment.ID]deployment.Record{}
	for _, got := range is.records {
		byID[got.ID] = got
	}
	for _, got := range is.records {
		finished, unmet := true, false
		for _, id := range m.shape.after[got.ID] {
			status := byID[id].Status
			finished = finished && status == deployment.Finished
			unmet = unmet || status.Terminal() && status != deployment.Finished
		}
		switch {
		case !finished && !got.QueuedAt.IsZero():
			return fmt.Errorf("%s is in the queue before what it comes after has finished", got.ID)
		case !unmet && got.Outcome.Reason == deployment.ReasonDependency:
			return fmt.Errorf("%s failed for %v, and nothing that it comes after did", got.ID,
				got.Outcome.Unmet)
		}
	}
	return nil
}

// placesMatch is P6: a slot and a resource are held exactly by what runs, and
// a place in the queue by all that are queued.
func placesMatch(is scene) error {
	var running, queued, waiting []deployment.ID
	places := map[catalog.ID]catalog.State{}
	for _, got := range is.records {
		state := places[got.ID.Resource()]
		switch got.Status {
		case deployment.InProgress:
			running = append(running, got.ID)
			state.Running = string(got.ID)
		case deployment.Queued:
			if got.Waiting() {
				waiting = append(waiting, got.ID)
			} else {
				queued = append(queued, got.ID)
			}
			state.Queued = string(got.ID)
		}
		if got.Started() {
			state.LastStart = got.StartedAt
		}
		if log := got.Progress.Log; got.Status.Terminal() { // counted by the end of each
			state.LogObjects += log.Chunks
			state.LogBytes += log.Stored
		}
		state.Deployments = is.places[got.ID.Resource()].Deployments
		state.Status = is.places[got.ID.Resource()].Status
		places[got.ID.Resource()] = state
	}
	held := ids(is.load.Running)
	queue := ids(is.load.Queue)
	for _, list := range [][]deployment.ID{held, running, queue, queued} {
		slices.Sort(list)
	}
	if len(is.load.Orphaned) > 0 || !slices.Equal(held, running) || !slices.Equal(queue, queued) ||
		!slices.Equal(ids(is.load.Waiting), waiting) {
		return fmt.Errorf("P6: the server has %v running, %v queued and %v waiting (strays %v); the records "+
			"say %v, %v and %v", held, queue, ids(is.load.Waiting), is.load.Orphaned, running, queued,
			waiting)
	}
	if !reflect.DeepEqual(is.places, places) {
		return fmt.Errorf("P6: the resources do not say what the records do:\n%s",
			cmp.Diff(is.places, places))
	}
	return nil
}

func ids(records []deployment.Record) []deployment.ID {
	var all []deployment.ID
	for _, got := range records {
		all = append(all, got.ID)
	}
	return all
}

// final is P6: an end is the end, and each change of a status is told once. Only the date
// of a deployment that was the last one that finished comes later.
func final(was, is scene, changes []deployment.Change) error {
	told := map[deployment.ID]deployment.Status{}
	for i, got := range was.records {
		later := is.records[i]
		if got.ExpiresAt.IsZero() {
			later.ExpiresAt = time.Time{}
		}
		if got.Status.Terminal() && !reflect.DeepEqual(got, later) {
			return fmt.Errorf("P6: %s had ended and changed:\n%s", got.ID, cmp.Diff(got, later))
		}
		told[got.ID] = got.Status
	}
	for _, c := range changes {
		if c.Previous == c.Record.Status && c.Record.IsParked() {
			continue // a signal, which is not published
		}
		if c.Previous != told[c.Record.ID] || c.Previous != "" && c.Previous.To(c.Record.Status) != nil {
			return fmt.Errorf("P6: %s was %q, and is told to change from %q to %q",
				c.Record.ID, told[c.Record.ID], c.Previous, c.Record.Status)
		}
		told[c.Record.ID] = c.Record.Status
	}
	for _, got := range is.records {
		if told[got.ID] != got.Status {
			return fmt.Errorf("P6: nobody is told that %s is %s", got.ID, got.Status)
		}
	}
	return nil
}

// once is P2's side effect, P5 and P7: a command has its effect at most once
// and only while its deployment runs; nothing ends a job but its own end and a
// user's cancel; nothing is called cancelled that runs, or finished that did not.
func (m *model) once(before *model, was, is scene) error {
	for i, got := range is.records {
		j, had := m.jobs[got.ID], before.jobs[got.ID]
		switch {
		case j.effects > 1:
			return fmt.Errorf("P2: the effect of %s happened %d times", got.ID, j.effects)
		case j.effects > had.effects && got.Status != deployment.InProgress:
			return fmt.Errorf("P2: %s is %s, and its job was started", got.ID, got.Status)
		case j.stopped && got.CancelRequestedAt.IsZero():
			return fmt.Errorf("P5: the job of %s was stopped and nobody asked for it", got.ID)
		case got.Status == deployment.Cancelled && j.alive:
			return fmt.Errorf("P7: %s is cancelled, and its job runs", got.ID)
		case got.Status == deployment.Finished && (j.effects != 1 || j.alive):
			return fmt.Errorf("P8: %s is finished, and its job is not", got.ID)
		case j.removed && !got.Status.Terminal():
			return fmt.Errorf("P4: the spool of %s, which is %s, was removed", got.ID, got.Status)
		}
		if i < len(was.records) {
			had := was.records[i].Lease
			taken := !got.Status.Terminal() && had.Owner != got.Lease.Owner // the end gives a lease up
			if had.Owner != "" && taken && m.now.Before(had.Expires) {
				return fmt.Errorf("P2: the lease on %s was taken from %s before it ran out",
					got.ID, had.Owner)
			}
		}
	}
	return nil
}

// prefix is P4: the committed lines are those that the job wrote, from its first line
// on, each line once; it is never rewritten; and all of it is there once the
// record says that it is complete.
func prefix(was, is scene, i int) error {
	got, log := is.records[i], is.logs[i]
	mark := got.Progress.Log
	for n, line := range log.lines {
		if want := "line " + strconv.Itoa(n); line != want || n >= linesPerJob {
			return fmt.Errorf("P4: line %d of the log of %s is %q, want %q", n+1, got.ID, line, want)
		}
	}
	if mark.Chunks > len(log.headers) || mark.Chunks > 0 && mark.Digest != log.headers[mark.Chunks-1].Digest {
		return fmt.Errorf("P4: the record of %s names %d chunks that are not in the archive",
			got.ID, mark.Chunks)
	}
	if got.Status == deployment.Finished &&
		(!mark.Complete || len(log.lines) != linesPerJob || mark.Chunks != len(log.headers)) {
		return fmt.Errorf("P4: %s is finished with %d of %d lines in its log",
			got.ID, len(log.lines), linesPerJob)
	}
	if i >= len(was.records) {
		return nil
	}
	if old := was.logs[i].headers; len(old) > len(log.headers) || !slices.Equal(old, log.headers[:len(old)]) {
		return fmt.Errorf("P4: the log of %s was %v and is %v", got.ID, old, log.headers)
	}
	if mark.Chunks < was.records[i].Progress.Log.Chunks {
		return fmt.Errorf("P4: the recorded log of %s shrank", got.ID)
	}
	return nil
}

// continuation is what happens from a state on if nothing goes wrong any more.
// It must end every deployment.
type continuation struct {
	name string
	// prepare changes the state before it, and next is what happens then.
	prepare func(m *model)
	next    func(m *model) (action, bool)
}

// continuations: the stream and the queue alone suffice, whether the runners
// live or not; so does the sweep alone, when all that was on its way is lost.
var continuations = []continuation{
	{"runners live", func(*model) {}, func(m *model) (action, bool) { return m.fair(false) }},
	{"runners died", killAll, func(m *model) (action, bool) { return m.fair(false) }},
	{"only the sweep is left", loseAll, func(m *model) (action, bool) { return m.fair(true) }},
}

func killAll(m *model) {
	for i := range m.runners {
		m.free(i, hidden)
		m.runners[i] = process{}
	}
}

func loseAll(m *model) {
	killAll(m)
	m.messages, m.pending = nil, nil
}

// fair is the next of the things that must happen some time.
func (m *model) fair(swept bool) (action, bool) {
	for i, p := range m.runners {
		switch {
		case p.at == read && m.jobs[p.id].alive && m.runners[i].mark.At.Out == linesPerJob*lineBytes:
			return action{"end", slices.Index(m.shape.requests, p.id)}, true
		case p.at != idle:
			return action{"step all", i}, true
		}
	}
	switch {
	case m.mayAsk() && m.ready():
		return action{"ask", 0}, true
	case len(m.pending) > 0 && !swept:
		return action{"deliver", 0}, true
	}
	for n, held := range m.messages {
		got, err := m.History().Get(context.Background(), held.id)
		if held.parking == 0 {
			held.parking = got.Progress.Parkings
		}
		if err == nil {
			_, err = got.Resumed(held.parking, "any", m.now, 0)
		}
		if held.holder == nobody && !errors.Is(err, fault.Conflict) { // else it comes again later
			return action{"receive", n}, true
		}
	}
	return action{"pause", 0}, false
}

// ready reports whether the next request would be taken.
func (m *model) ready() bool {
	resource := m.shape.requests[m.asked].Resource()
	entity, err := catalog.Find[catalog.Deployable](context.Background(), m.Catalog(), resource)
	return err == nil && entity.Shared().State.Queued == ""
}

// over reports whether nothing is left to do.
func (m *model) over(is scene) bool {
	return !m.mayAsk() && len(is.load.Running)+len(is.load.Queue) == 0 &&
		!slices.ContainsFunc(is.records, func(got deployment.Record) bool { return !got.Status.Terminal() })
}
