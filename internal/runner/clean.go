package runner

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"

	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/terminal"
)

// Every text that leaves an attempt passes its matcher: output through its
// filters, messages and commands through say and the sink, texts for the record
// through clean, the operator's log through cleaner, and the error of a run through
// the matcher's own method Error. The matcher knows a secret as soon as it is read,
// because reading includes conceal. So an author of a new message or error need not
// think about the texts that it quotes.

// conceal makes a matcher for the secrets and starts a recording with it. This
// discards every entry that is not committed, so say nothing before.
func (a *attempt) conceal(secrets []redact.Secret, unmasked []string) {
	a.matcher, a.unmasked = redact.NewMatcher(secrets), unmasked
	a.startRecording()
}

// cleanLine makes one line for the record of a server's text. Control sequences may
// stand inside of a secret, so the text is redacted again once they are removed.
func (a *attempt) cleanLine(text string) string { return a.clean(terminal.Line(a.clean(text))) }

// filter returns a filter of one stream, which masks the secrets of the matcher. A
// line of the stream that declares a secret adds it to the matcher.
func (a *attempt) filter(emit func(p []byte, masked int)) logbook.Filter {
	return a.matcher.Stream(emit)
}

// clean masks the secrets of the plan, and the secrets that the job has declared
// so far.
func (a *attempt) clean(text string) string { return a.matcher.Text(text) }

// cleaner is a handler whose lines are clean. Do not use it with a logger's With or
// WithGroup: it would be lost, and with it the masks.
type cleaner struct {
	slog.Handler
	clean func(string) string
}

// Handle cleans the line's attributes. Its message is a constant.
func (c cleaner) Handle(ctx context.Context, line slog.Record) error {
	clean := slog.NewRecord(line.Time, line.Level, line.Message, line.PC)
	line.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(slog.Attr{Key: attr.Key, Value: c.value(attr.Value)})
		return true
	})
	return c.Handler.Handle(ctx, clean)
}

// value cleans strings, errors and Stringers. It leaves groups, lists and structs
// as they are, so these must not hold a text from outside.
func (c cleaner) value(value slog.Value) slog.Value {
	value = value.Resolve()
	if value.Kind() == slog.KindString {
		return slog.StringValue(c.clean(value.String()))
	}
	if value.Kind() != slog.KindAny {
		return value
	}
	switch v := value.Any().(type) {
	case error:
		return slog.StringValue(c.clean(v.Error()))
	case fmt.Stringer:
		return slog.StringValue(c.clean(v.String()))
	default:
		if reflect.ValueOf(v).Kind() == reflect.String {
			return slog.StringValue(c.clean(fmt.Sprint(v)))
		}
	}
	return value
}
