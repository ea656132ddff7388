package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/memory"
)

// model is Waybill around one server, small enough to be copied at every step:
// the real ledger, archive and dispatcher, with queue, servers and runners
// reduced to what they decide. A runner is a place in its program; it dies or
// falls asleep simply by taking no further step.
type model struct {
	*memory.Memory
	shape    *shape
	now      time.Time
	asked    int // of the shape's requests
	jobs     map[deployment.ID]job
	runners  [2]process
	messages []message
	// pending are the changes that the stream has not delivered, oldest first.
	pending     []deployment.Change
	invocations int
	left        budget
}

// shape is what a search starts from.
type shape struct {
	name     string
	limit    int
	requests []deployment.ID
	// after has the earlier requests that a request comes after.
	after map[deployment.ID][]deployment.ID
	left  budget
	press *press
}

// budget is how much of each may still go wrong; it makes the search finite.
type budget struct{ deaths, pauses, failures, sweeps, cancels, handOvers, outages, parks, follows int }

// job is what the server has of a deployment. What it prints is there at once.
type job struct {
	effects        int // how often its command had its effect
	alive, removed bool
	stopped        bool
	fence          int // no start of an older attempt than this
}

// message is one of the queue's. It is hidden while its holder keeps it; a
// holder that is dead or asleep keeps it no longer than a pause.
type message struct {
	id     deployment.ID
	holder int
	// parking is the one that it ends, or 0.
	parking int
}

// Who holds a message beside the runners 0 and 1.
const (
	nobody = -1
	hidden = -2
)

// place is where a runner is in its program.
type place int

const (
	idle place = iota
	begin
	recover_
	attach
	read
	record
	stop
	finish
	remove
	call
	park
	wake
)

// process is a runner. All but its place is what it remembers.
type process struct {
	at        place
	id        deployment.ID
	owner     string
	lease     deployment.Lease
	mark      logbook.Mark
	parkings  int
	woken     int // the parking of its message
	cancelled bool
	lost      bool
	unreached bool
}

// linesPerJob is what a job prints; one chunk takes one line or all that is
// left, so that two runners cut the same output differently.
const linesPerJob = 2

const lineText = "line %d\n"

var lineBytes = int64(len(fmt.Sprintf(lineText, 0)))

// pause is longer than a lease, and than it takes to miss a runner.
const pause = deployment.LeaseLength + 21*time.Second

func (m *model) copy() *model {
	c := *m
	c.Memory = m.Memory.Clone()
	c.jobs = make(map[deployment.ID]job, len(m.jobs))
	for id, j := range m.jobs {
		c.jobs[id] = j
	}
	c.messages, c.pending = slices.Clone(m.messages), slices.Clone(m.pending)
	return &c
}

// action is something that can happen next. arg is a runner's, a deployment's
// or a call's number.
type action struct {
	name string
	arg  int
}

// enabled are the actions that can happen next.
func (m *model) enabled() []action {
	var can []action
	add := func(when bool, name string, arg int) {
		if when {
			can = append(can, action{name, arg})
		}
	}
	add(m.mayAsk(), "ask", 0)
	for i := range m.pending {
		first := !slices.ContainsFunc(m.pending[:i], func(c deployment.Change) bool {
			return c.Record.ID == m.pending[i].Record.ID
		})
		add(first, "deliver", i)
		for calls := range m.calls() { // dispatch dies after so many calls
			add(first && m.left.failures > 0, "fail", 10*i+calls)
		}
	}
	add(m.left.sweeps > 0, "sweep", 0)
	add(m.left.pauses > 0, "pause", 0)
	for i := range m.shape.requests[:m.asked] {
		add(m.left.cancels > 0, "cancel", i)
		add(m.left.follows > 0, "follow", i)
		add(m.jobs[m.shape.requests[i]].alive, "end", i)
	}
	for i, p := range m.runners {
		for number, message := range m.messages {
			add(p.at == idle && message.holder == nobody, "receive", 10*i+number)
		}
		add(p.at != idle, "step", i)
		add(p.at == read && m.unread(p), "step all", i)
		add(p.at == attach && m.left.outages > 0, "outage", i)
		add(p.at == read && m.left.handOvers > 0, "hand over", i)
		add(p.at == read && m.left.parks > 0 && m.mayPark(p), "park", i)
		add(p.at != idle && m.left.deaths > 0, "die", i)
	}
	return can
}

// unread reports whether there are two ways to cut the rest.
func (m *model) unread(p process) bool { return p.mark.At.Out+lineBytes < linesPerJob*lineBytes }

// do does the action. An error is one that must never happen.
func (m *model) do(ctx context.Context, a action) error {
	switch a.name {
	case "ask":
		return m.ask(ctx)
	case "deliver":
		return m.deliver(ctx, a.arg, never)
	case "fail":
		m.left.failures--
		return m.deliver(ctx, a.arg/10, a.arg%10)
	case "sweep":
		m.left.sweeps--
		return m.dispatcher(never).Sweep(ctx)
	case "pause":
		m.left.pauses--
		m.sleep()
	case "cancel":
		m.left.cancels--
		_, err := m.Ledger().Cancel(ctx, m.shape.requests[a.arg], "user", m.now)
		return unless(err, fault.Conflict)
	case "follow":
		m.left.follows--
		m.now = m.now.Add(deployment.FollowEvery) // so that it is another time
		return m.History().Follow(ctx, m.shape.requests[a.arg], m.now)
	case "end":
		m.change(m.shape.requests[a.arg], func(j *job) { j.alive = false })
	case "receive":
		m.receive(a.arg/10, a.arg%10)
	case "die":
		m.left.deaths--
		m.free(a.arg, hidden)
		m.runners[a.arg] = process{}
	case "hand over":
		m.left.handOvers--
		return m.handOver(ctx, a.arg)
	case "park":
		m.left.parks--
		m.runners[a.arg].at = park
	case "outage":
		m.left.outages--
		m.runners[a.arg].at, m.runners[a.arg].unreached = finish, true
	case "step":
		return m.step(ctx, a.arg, 1)
	case "step all":
		return m.step(ctx, a.arg, linesPerJob)
	}
	return nil
}

// unless drops an error of the kind.
func unless(err error, kind fault.Kind) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func (m *model) ask(ctx context.Context) error {
	id := m.shape.requests[m.asked]
	record := deployment.Record{ID: id, Status: deployment.Queued, Operation: deployment.Start,
		Options:  deployment.Options{Force: m.asked%2 == 1}, // two of one resource differ
		ServerID: serverID, CreatedAt: m.now, QueuedAt: m.now}
	for _, other := range m.shape.after[id] {
		one := deployment.Dependency{Resource: other.Resource(), Deployment: other}
		if got, err := m.History().Get(ctx, other); err != nil || got.Status == deployment.Finished {
			one.Status = got.Status
		} else {
			record.QueuedAt = time.Time{}
		}
		record.After = append(record.After, one)
	}
	_, err := m.Ledger().Enqueue(ctx, record, deployment.RequestKey{})
	if errors.Is(err, fault.Conflict) {
		return nil // the resource has one queued; asked for again later
	}
	m.asked++
	return err
}

// mayAsk reports whether there is another request, and whether it would be accepted: a
// request after a deployment that ended and did not finish would not.
func (m *model) mayAsk() bool {
	return m.asked < len(m.shape.requests) &&
		!slices.ContainsFunc(m.shape.after[m.shape.requests[m.asked]], func(id deployment.ID) bool {
			got, err := m.History().Get(context.Background(), id)
			return err != nil || got.Status.Terminal() && got.Status != deployment.Finished
		})
}

// calls is more calls than the dispatcher makes for one change.
func (m *model) calls() int {
	if len(m.shape.after) > 0 {
		return 6
	}
	return 3
}

// sleep lets a pause pass in which no runner renewed anything.
func (m *model) sleep() {
	m.now = m.now.Add(pause)
	for i := range m.messages {
		m.messages[i].holder = nobody
	}
}

func (m *model) change(id deployment.ID, change func(*job)) {
	j := m.jobs[id]
	change(&j)
	m.jobs[id] = j
}

// receive gives a runner a message.
func (m *model) receive(i, number int) {
	m.invocations++
	m.runners[i] = process{
		at:    begin,
		id:    m.messages[number].id,
		owner: fmt.Sprint("invocation ", m.invocations),
		woken: m.messages[number].parking,
	}
	m.messages[number].holder = i
}

// free gives the runner's message back, if it still has it.
func (m *model) free(i, holder int) {
	for n := range m.messages {
		if m.messages[n].holder == i {
			m.messages[n].holder = holder
		}
	}
}

// leave ends an invocation: done, its message is deleted; else it comes again.
func (m *model) leave(i int, done bool) {
	if done {
		m.messages = slices.DeleteFunc(m.messages, func(held message) bool { return held.holder == i })
	}
	m.free(i, nobody)
	m.runners[i] = process{}
}

// never is more calls than a dispatcher makes.
const never = 1000

// dispatcher is one that dies after so many calls.
func (m *model) dispatcher(calls int) *deployment.Dispatcher {
	f := &failing{model: m, Ledger: m.Ledger(), calls: calls}
	ports := deployment.DispatcherPorts{
		Claims:    f,
		Expiries:  f,
		History:   m.History(),
		Store:     m.Catalog(),
		Vault:     m.Vault(),
		Sender:    f,
		Feed:      m.Feed(),
		Publisher: f,
	}
	return deployment.NewDispatcher(ports, deployment.DispatcherOptions{
		Now: func() time.Time { return m.now },
	})
}

// deliver has the stream deliver a change, which it does until that succeeds.
func (m *model) deliver(ctx context.Context, i, calls int) error {
	err := m.dispatcher(calls).Changed(ctx, m.pending[i])
	if calls == never && err == nil {
		m.pending = slices.Delete(m.pending, i, i+1)
	}
	return unless(err, fault.Unavailable)
}

// failing is a dispatcher's ports, until it dies.
type failing struct {
	*model
	deployment.Ledger
	calls int
}

func (f *failing) call() error {
	if f.calls--; f.calls < 0 {
		return fault.New(fault.Unavailable, "died")
	}
	return nil
}

func (f *failing) Claim(ctx context.Context, server catalog.ID, now time.Time) (deployment.Record, error) {
	if err := f.call(); err != nil {
		return deployment.Record{}, err
	}
	return f.Ledger.Claim(ctx, server, now)
}

func (f *failing) Waiters(ctx context.Context, id deployment.ID) ([]deployment.ID, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.Ledger.Waiters(ctx, id)
}

func (f *failing) Settle(ctx context.Context, id deployment.ID, now time.Time) (deployment.Record, error) {
	if err := f.call(); err != nil {
		return deployment.Record{}, err
	}
	return f.Ledger.Settle(ctx, id, now)
}

func (f *failing) Send(_ context.Context, id deployment.ID) error {
	if err := f.call(); err != nil {
		return err
	}
	f.messages = append(f.messages, message{id: id, holder: nobody})
	return nil
}

func (f *failing) Wake(_ context.Context, id deployment.ID, parking int, _ time.Duration) error {
	if err := f.call(); err != nil {
		return err
	}
	f.messages = append(f.messages, message{id: id, holder: nobody, parking: parking})
	return nil
}

func (f *failing) Publish(context.Context, deployment.Change) error { return f.call() }

// press cuts chunks with the real recorder, each different one once: most of
// its time goes into compression.
type press struct {
	cut map[string]cut
	// lines are the texts of each chunk, by its digest.
	lines map[string][]string
}

type cut struct {
	logbook.Archive // none: a recorder only puts
	chunk           logbook.Chunk
	mark            logbook.Mark
}

// Put takes a chunk and keeps nothing.
func (c *cut) Put(_ context.Context, _ logbook.Book, chunk logbook.Chunk) error {
	chunk.Body = bytes.Clone(chunk.Body)
	c.chunk = chunk
	return nil
}
