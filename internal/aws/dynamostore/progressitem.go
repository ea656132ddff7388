package dynamostore

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// Bits of the first number of packed progress.
const (
	progressSent = 1 << iota
	progressComplete
	progressSaidDropped
	progressSaidCut
)

// packProgress packs the progress, which each commit replaces as a whole. Times are
// distances from the time of the id.
func packProgress(id deployment.ID, progress deployment.Progress) []byte {
	var p packer
	log := progress.Log
	var bits int64
	if progress.Sent {
		bits |= progressSent
	}
	for bit, set := range map[int64]bool{progressComplete: log.Complete,
		progressSaidDropped: progress.SaidDropped, progressSaidCut: progress.SaidCut} {
		if set {
			bits |= bit
		}
	}
	for _, n := range []int64{bits, log.At.Out, log.At.Err, log.At.Steps, int64(log.Chunks), int64(log.Last),
		int64(log.Batch), log.Bytes} {
		p.count(n)
	}
	p.moment(log.Until, id.Number())
	p.digits(log.Digest)
	p.index(log)
	p.process(progress.Process)
	p.steps(id, progress.Steps)
	done := progress.Scrub
	p.text(string(done.Last))
	for _, n := range []int{done.Logs, done.Changed, done.Entries, done.Failed} {
		p.count(int64(n))
	}
	p.count(log.Stored)
	if progress.Parkings > 0 {
		p.count(int64(progress.Parkings))
	}
	return p.packed
}

func unpackProgress(packed []byte, r *deployment.Record) error {
	u := unpacker{rest: packed}
	id, progress, log := r.ID, &r.Progress, &r.Progress.Log
	bits := u.count()
	progress.Sent, log.Complete = bits&progressSent != 0, bits&progressComplete != 0
	progress.SaidDropped, progress.SaidCut = bits&progressSaidDropped != 0, bits&progressSaidCut != 0
	log.At = logbook.Position{Out: u.count(), Err: u.count(), Steps: u.count()}
	log.Chunks, log.Last, log.Batch = int(u.count()), logbook.Order(u.count()), int(u.count())
	log.Bytes = u.count()
	log.Until = u.moment(id.Number())
	log.Digest = u.digits()
	log.Index = u.index(*log)
	progress.Process = u.process()
	progress.Steps = u.steps(id)
	progress.Scrub = deployment.ScrubProgress{Last: deployment.ID(u.text()), Logs: int(u.count()),
		Changed: int(u.count()), Entries: int(u.count()), Failed: int(u.count())}
	log.Stored = u.count()
	progress.Parkings = int(u.count())
	return u.err
}

// index packs the index from its end, which is the end of the log, so that each end is the
// small distance from the one after it.
func (p *packer) index(log logbook.Mark) {
	index := log.Index
	p.number(int64(log.Last - index.Block))
	p.count(int64(len(index.Ends)))
	last, until := log.Last, seconds(log.Until)
	for _, end := range slices.Backward(slices.Concat([]logbook.End{index.Before}, index.Ends)) {
		p.number(int64(last - end.Last))
		p.number(until - seconds(end.Until))
		last, until = end.Last, seconds(end.Until)
	}
}

func (u *unpacker) index(log logbook.Mark) logbook.Index {
	index := logbook.Index{Block: log.Last - logbook.Order(u.number())}
	ends := make([]logbook.End, u.length()+1)
	last, until := log.Last, seconds(log.Until)
	for i := range slices.Backward(ends) {
		last, until = last-logbook.Order(u.number()), until-u.number()
		ends[i] = logbook.End{Last: last, Until: fromSeconds(until)}
	}
	index.Before, index.Ends = ends[0], ends[1:]
	return index
}

// process packs "PGID BOOT_ID". The boot id is a UUID, which is a hash with hyphens.
func (p *packer) process(process string) {
	group, boot, _ := strings.Cut(process, " ")
	short := strings.ReplaceAll(boot, "-", "")
	if n, err := strconv.ParseInt(group, 10, 64); err == nil && n > 0 && process == joined(n, short) {
		p.count(n)
		p.digits(short)
		return
	}
	p.count(0)
	p.text(process)
}

func (u *unpacker) process() string {
	if n := u.count(); n > 0 {
		return joined(n, u.digits())
	}
	return u.text()
}

// joined is the process of a group and a boot id without hyphens.
func joined(group int64, boot string) string {
	const uuid = 32
	if len(boot) == uuid {
		boot = strings.Join([]string{boot[:8], boot[8:12], boot[12:16], boot[16:20], boot[20:]}, "-")
	}
	return strconv.FormatInt(group, 10) + " " + boot
}

// steps packs each time and each order as the distance from the one before it.
func (p *packer) steps(id deployment.ID, steps []deployment.Step) {
	p.count(int64(len(steps)))
	from, first := id.Number(), logbook.Order(0)
	for _, step := range steps {
		p.text(step.Name)
		p.moment(step.StartedAt, from)
		from = max(from, micros(step.StartedAt))
		p.moment(step.FinishedAt, from)
		from = max(from, micros(step.FinishedAt))
		p.optional(step.ExitCode)
		p.number(int64(step.First - first))
		first = step.First
	}
}

func (u *unpacker) steps(id deployment.ID) []deployment.Step {
	var steps []deployment.Step
	from, first := id.Number(), logbook.Order(0)
	for range u.length() {
		var step deployment.Step
		step.Name = u.text()
		step.StartedAt = u.moment(from)
		from = max(from, micros(step.StartedAt))
		step.FinishedAt = u.moment(from)
		from = max(from, micros(step.FinishedAt))
		step.ExitCode = u.optional()
		first += logbook.Order(u.number())
		step.First = first
		steps = append(steps, step)
	}
	return steps
}
