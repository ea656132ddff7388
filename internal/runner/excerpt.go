package runner

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/recipe"
	"waybill/internal/terminal"
)

// excerptLines is how many of the last lines of a log the excerpt is made from. The report of
// a container has about sixty.
const excerptLines = 400

// keepExcerpt stores the lines of a failed deployment that show best why it failed, for its
// notifications. It reads them from the committed log, because an earlier runner may have
// written some. Without an excerpt the notifications have none, so a failure is only logged.
func (a *attempt) keepExcerpt(ctx context.Context, outcome deployment.Outcome) {
	if outcome.Status != deployment.Failed || a.ports.Excerpts == nil {
		return
	}
	entries, err := a.lastEntries(ctx)
	if text := excerptOf(entries); err == nil && text != "" {
		err = a.ports.Excerpts.Put(ctx, a.record.ID, text)
	}
	if err != nil {
		a.log.WarnContext(ctx, "excerpt not stored", "error", err)
	}
}

// lastEntries returns the last lines of the committed log, without what no excerpt has.
func (a *attempt) lastEntries(ctx context.Context) ([]logbook.Entry, error) {
	mark := a.progress.Log
	var entries []logbook.Entry
	for after := max(mark.Last-excerptLines, 0); after < mark.Last; {
		page, err := logbook.Read(ctx, a.ports.log(a.record.ID), mark,
			logbook.Query{After: after, Shown: true})
		if err != nil {
			return nil, err
		}
		for _, line := range page.Lines {
			entry, err := logbook.Decode(line)
			if err != nil {
				return nil, err
			}
			if entry.Command == "" {
				entry.Output = cut(terminal.Line(entry.Output))
				entries = append(entries, entry)
			}
		}
		after = page.Next
	}
	return entries, nil
}

// cut returns the beginning of a line that fits into an excerpt.
func cut(line string) string {
	end := min(len(line), deployment.MaxExcerpt)
	for end < len(line) && end > 0 && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end]
}

// lastLines matches the heading that a report gives to the output of a container. Output of a
// program may look like it. That only makes another excerpt of the same log.
var lastLines = regexp.MustCompile(`^The last \d+ lines of .+:$`)

// excerptOf chooses from the last entries of a log. If there is a report, the excerpt is the
// part about the first container at fault: what is known of it and the end of its output.
// Otherwise it is the end of the output.
func excerptOf(entries []logbook.Entry) string {
	var report, output []string
	for _, entry := range entries {
		if entry.Step == recipe.ReportStep {
			report = append(report, entry.Output)
		} else {
			output = append(output, entry.Output)
		}
	}
	if len(report) == 0 {
		return strings.Join(endOf(output, deployment.MaxExcerpt), "\n")
	}
	known, said := report, []string(nil)
	for i, line := range report {
		if !lastLines.MatchString(line) {
			continue
		}
		if said != nil { // of the next container
			said = report[len(known):i]
			break
		}
		known, said = report[:i+1], report[i+1:]
	}
	const room = deployment.MaxExcerpt / 2
	head := beginningOf(known, room)
	size := len(strings.Join(head, "\n"))
	return strings.Join(append(head, endOf(said, deployment.MaxExcerpt-size-1)...), "\n")
}

// beginningOf returns the first lines that fit, and one in any case, cut to the size.
func beginningOf(lines []string, size int) []string {
	used := 0
	for i, line := range lines {
		if used += len(line) + 1; used > size+1 {
			if i == 0 {
				return []string{strings.ToValidUTF8(line[:size], "")}
			}
			return lines[:i:i]
		}
	}
	return lines[:len(lines):len(lines)]
}

// endOf returns the last lines that fit.
func endOf(lines []string, size int) []string {
	used := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if used += len(lines[i]) + 1; used > size+1 {
			return lines[i+1:]
		}
	}
	return lines
}

// dropExcerpt deletes the excerpt of a log before the log is scrubbed: what has to leave the
// log may be in it.
func (a *attempt) dropExcerpt(ctx context.Context, record deployment.Record) error {
	if a.ports.Excerpts == nil || record.Status != deployment.Failed {
		return nil
	}
	return a.ports.Excerpts.Remove(ctx, record.ID)
}
