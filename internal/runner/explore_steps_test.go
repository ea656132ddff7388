package runner_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// step takes one step of a runner's program: at most one call to anything that
// others see, so that everything can happen between two of them.
func (m *model) step(ctx context.Context, i, lines int) error {
	p := &m.runners[i]
	var err error
	switch p.at {
	case begin:
		return m.begin(ctx, i)
	case recover_:
		var found logbook.Recovered
		found, err = logbook.Recover(ctx, m.Log(p.id), p.mark)
		p.mark = found.Mark
		p.at = attach
	case attach:
		// A look at the lease, and what it is for: see decision 0003 for what may
		// happen between the two.
		if err := m.advance(ctx, i, deployment.LeaseLength); err != nil || p.at == idle {
			return err
		}
		m.attach(p)
	case read:
		return m.read(ctx, i, lines)
	case record:
		p.at = read
		return m.advance(ctx, i, deployment.LeaseLength)
	case stop:
		m.change(p.id, func(j *job) {
			j.stopped, j.alive = j.stopped || j.alive, false
			j.fence = max(j.fence, p.lease.Attempt)
		})
		p.at = read
	case finish:
		return m.finish(ctx, i)
	case remove:
		m.change(p.id, func(j *job) { j.removed = true })
		m.leave(i, true)
	case call:
		f := failing{model: m, calls: never}
		err = f.Send(ctx, p.id)
		m.leave(i, true)
	case park:
		return m.park(ctx, i)
	case wake:
		f := failing{model: m, calls: never}
		err = f.Wake(ctx, p.id, p.parkings, 0)
		m.leave(i, true)
	}
	return err
}

func (m *model) begin(ctx context.Context, i int) error {
	p := &m.runners[i]
	var got deployment.Record
	var err error
	if p.woken > 0 {
		got, err = m.Ledger().Resume(ctx, p.id, p.woken, p.owner, m.now, deployment.LeaseLength)
	} else {
		got, err = m.Ledger().Begin(ctx, p.id, p.owner, m.now, deployment.LeaseLength)
	}
	switch {
	case errors.Is(err, fault.Gone):
		m.leave(i, true)
		return nil
	case errors.Is(err, fault.Conflict):
		m.leave(i, false)
		return nil
	}
	p.parkings = got.Progress.Parkings
	p.at, p.lease, p.mark, p.cancelled = recover_, got.Lease, got.Progress.Log,
		!got.CancelRequestedAt.IsZero()
	return err
}

// attach starts the job once, or finds it.
func (m *model) attach(p *process) {
	j := m.jobs[p.id]
	p.at = read
	switch {
	case p.cancelled:
		p.at = stop
	case j.removed || j.effects == 0 && j.fence > p.lease.Attempt:
		p.lost = true
	case j.effects == 0:
		m.change(p.id, func(j *job) { j.effects, j.alive = j.effects+1, true })
	}
}

// read commits the next chunk, or sees the end once nothing is left.
func (m *model) read(ctx context.Context, i, lines int) error {
	p := &m.runners[i]
	j := m.jobs[p.id]
	switch {
	case p.cancelled && (j.alive || j.fence < p.lease.Attempt):
		p.at = stop
		return nil
	case p.lost || j.effects == 0:
		p.at = finish
		return nil
	case p.mark.At.Out == linesPerJob*lineBytes:
		if j.alive { // nothing comes: the lease is renewed and signals are read
			return m.advance(ctx, i, deployment.LeaseLength)
		}
		p.at = finish
		return nil
	}
	next, err := m.shape.press.next(ctx, p.id.Book(), p.mark, lines)
	if err != nil {
		return err
	}
	err = m.Archive().Put(ctx, p.id.Book(), next.chunk)
	if errors.Is(err, fault.Conflict) {
		m.leave(i, false)
		return nil
	}
	p.mark, p.at = next.mark, record
	return err
}

// advance records the mark, and leaves if the lease is another's.
func (m *model) advance(ctx context.Context, i int, length time.Duration) error {
	p := &m.runners[i]
	signals, err := m.Ledger().Advance(ctx, p.id, p.lease, p.progress(), m.now, length)
	if errors.Is(err, fault.Conflict) {
		m.leave(i, false)
		return nil
	}
	p.cancelled = p.cancelled || signals.CancelRequested
	return err
}

func (p *process) progress() deployment.Progress {
	return deployment.Progress{Log: p.mark, Parkings: p.parkings}
}

// mayPark reports whether the runner has read all and its job goes on.
func (m *model) mayPark(p process) bool {
	return m.jobs[p.id].alive && !p.cancelled && !p.lost && p.mark.At.Out == linesPerJob*lineBytes
}

// park parks, and leaves if the lease is another's. It sends the wake-up in another step.
func (m *model) park(ctx context.Context, i int) error {
	p := &m.runners[i]
	p.parkings, p.at = p.parkings+1, wake
	_, err := m.Ledger().Park(ctx, p.id, p.lease, p.progress(), m.now)
	if errors.Is(err, fault.Conflict) {
		m.leave(i, false)
		return nil
	}
	return err
}

func (m *model) handOver(ctx context.Context, i int) error {
	m.runners[i].at = call
	return m.advance(ctx, i, 0)
}

func (m *model) finish(ctx context.Context, i int) error {
	p := &m.runners[i]
	outcome := deployment.Outcome{Status: deployment.Finished}
	switch j := m.jobs[p.id]; {
	case p.unreached:
		outcome = deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonUnreachable}
	case p.lost:
		outcome = deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonLost}
	case p.cancelled:
		outcome = deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled}
	case j.stopped:
		outcome = deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonSignal}
	}
	before, err := m.History().Get(ctx, p.id)
	if err != nil {
		return err
	}
	ended := p.progress()
	ended.Log.Complete = true
	err = m.Ledger().Finish(ctx, p.id, p.lease, ended, outcome, m.now)
	if errors.Is(err, fault.Conflict) {
		m.leave(i, false)
		return nil
	}
	if err == nil && before.LeasedTo(p.lease) != nil {
		return fmt.Errorf("P6: %s was ended by a runner whose lease it is not", p.id)
	}
	p.at = remove
	return err
}

// next is the chunk behind the mark.
func (x *press) next(ctx context.Context, book logbook.Book, mark logbook.Mark, lines int) (cut, error) {
	key := fmt.Sprint(book, mark.Digest, lines)
	if known, ok := x.cut[key]; ok {
		return known, nil
	}
	var made cut
	// No log here is so long that an index would be stored.
	log := logbook.Log{Book: book, Archive: &made}
	recorder := logbook.NewRecorder(log, mark, plain, logbook.RecorderOptions{
		Now: func() time.Time { return noon },
	})
	first := int(mark.At.Out / lineBytes)
	var texts []string
	for n := first; n < min(first+lines, linesPerJob); n++ {
		text := fmt.Sprintf(lineText, n)
		recorder.Data(logbook.Stdout, int64(n)*lineBytes, []byte(text), noon)
		texts = append(texts, strings.TrimSuffix(text, "\n"))
	}
	var err error
	if made.mark, err = recorder.Commit(ctx); err != nil {
		return cut{}, err
	}
	x.cut[key], x.lines[made.mark.Digest] = made, texts
	return made, nil
}

// written is a log as the archive has it. No log here has more chunks than
// lines.
func (x *press) written(ctx context.Context, archive logbook.Archive, book logbook.Book) (written, error) {
	var log written
	for len(log.headers) < linesPerJob {
		header, err := archive.Head(ctx, book, len(log.headers)+1)
		if errors.Is(err, fault.NotFound) {
			break
		}
		if err != nil {
			return log, err
		}
		log.lines, log.headers = append(log.lines, x.lines[header.Digest]...), append(log.headers, header)
	}
	return log, nil
}

// plain is a filter that knows no secrets.
func plain(emit func(p []byte, masked int)) logbook.Filter { return passing(emit) }

type passing func(p []byte, masked int)

func (f passing) Write(p []byte) { f(p, 0) }
func (f passing) Flush()         {}
func (f passing) Held() int      { return 0 }

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// key is all that decides what can happen next, and nothing else: times only as
// what has run out, leases only as whose they are, runners and messages in an
// order of their own. budgeted tells what may still go wrong as well.
func (m *model) key(is scene, budgeted bool) []byte {
	k := make(key, 0, 256)
	if budgeted {
		k.numbers(m.left.deaths, m.left.pauses, m.left.failures, m.left.sweeps, m.left.cancels,
			m.left.handOvers, m.left.outages, m.left.parks, m.left.follows)
	}
	for i, got := range is.records {
		k = append(k, got.Status...)
		k.truths(got.Lease.Attempt == 0, m.now.Before(got.Lease.Expires), got.LostContact(m.now),
			got.CancelRequestedAt.IsZero(), got.Progress.Log.Complete, got.Awaited, got.Waiting())
		_, early := got.Resumed(got.Progress.Parkings-1, "overdue?", m.now, 0)
		k.truths(got.IsParked(), early == nil)
		k.numbers(got.Progress.Log.Chunks, len(is.logs[i].headers), got.Progress.Parkings)
		for _, h := range is.logs[i].headers {
			k.numbers(int(h.Last))
		}
		j := m.jobs[got.ID]
		k.numbers(j.effects)
		k.truths(j.alive, j.removed, j.stopped)
	}
	for _, queued := range is.load.Queue {
		k = append(k, queued.ID[deployment.IDLength-1])
	}
	for _, c := range m.pending {
		k = append(append(k, c.Record.ID[deployment.IDLength-1]), c.Record.Status...)
		if c.Previous == c.Record.Status {
			k.numbers(c.Record.Progress.Parkings)
		}
	}
	return append(k, m.keyOfRunners(is)...)
}

func (m *model) keyOfRunners(is scene) []byte {
	var parts []string
	for _, held := range m.messages {
		if held.holder < 0 {
			k := key(held.id[deployment.IDLength-1:])
			k.numbers(held.holder, held.parking)
			parts = append(parts, string(k))
		}
	}
	for i, p := range m.runners {
		if p.at == idle {
			continue
		}
		got := is.records[slices.Index(m.shape.requests, p.id)]
		k := key(p.id[deployment.IDLength-1:])
		k.truths(got.Lease.Owner == p.owner, p.cancelled, p.lost, p.unreached)
		k.numbers(int(p.at), cmp.Compare(p.lease.Attempt, m.jobs[p.id].fence), p.mark.Chunks,
			int(p.mark.Last), p.parkings, p.woken)
		k.truths(slices.ContainsFunc(m.messages, func(held message) bool { return held.holder == i }))
		parts = append(parts, string(k))
	}
	slices.Sort(parts)
	return []byte(strings.Join(parts, ";"))
}

type key []byte

func (k *key) numbers(all ...int) {
	for _, n := range all {
		*k = append(strconv.AppendInt(*k, int64(n), 10), ' ')
	}
}

func (k *key) truths(all ...bool) {
	for _, truth := range all {
		if truth {
			*k = append(*k, '+')
		} else {
			*k = append(*k, '-')
		}
	}
}
