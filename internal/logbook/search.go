package logbook

import "bytes"

const (
	// A page of a search scans more than another one, because most lines do not match. It
	// asks whether it is enough after each askEvery bytes.
	maxSearchScan = 64 << 20
	askEvery      = 64 << 10
)

// search adds the line if it matches or is near a match, or finds the page full.
func (p *pager) search(order Order, line []byte) {
	if !p.filter.matches(line) {
		p.next = order
		return
	}
	matched := p.match.matches(line)
	ended := p.limit > 0 && len(p.matches) == p.limit
	if ended && (matched || p.around.after == 0) {
		p.full = true
		return
	}
	if !matched && p.around.after == 0 {
		p.around.keep(line)
		p.next = order
		return
	}
	if len(p.lines.ends) > 0 && len(p.lines.bytes)+p.around.size()+len(line) > MaxPageBytes {
		p.full = true
		return
	}
	p.around.add(&p.lines)
	p.lines.add(line)
	p.around.after--
	if matched {
		p.matches = append(p.matches, order)
		p.around.after = p.around.most
	}
	p.next = order
}

// around has the lines around matches.
type around struct {
	// most is how many lines are shown before and after a match.
	most int
	// before are the last lines that were not shown.
	before [][]byte
	// after is how many lines are still to be shown after the last match.
	after int
}

// keep keeps a line that may come before a match.
func (a *around) keep(line []byte) {
	if a.most == 0 {
		return
	}
	if len(a.before) == a.most {
		a.before = a.before[1:]
	}
	a.before = append(a.before, bytes.Clone(line))
}

// recall passes a line of the page before.
func (a *around) recall(line []byte, matched bool) {
	switch {
	case matched:
		a.before, a.after = nil, a.most
	case a.after > 0:
		a.after--
	default:
		a.keep(line)
	}
}

func (a *around) size() int {
	size := 0
	for _, line := range a.before {
		size += len(line)
	}
	return size
}

// add adds the lines before a match to the page.
func (a *around) add(lines *arena) {
	for _, line := range a.before {
		lines.add(line)
	}
	a.before = nil
}
