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

// Everything that leaves an attempt passes its matcher: the output by its
// filters, messages and commands by say and the sink, notes on the record by
// clean, the operator's log by cleaner, and the error in which a run ends by
// cleaned. The matcher knows a secret from the moment it is read, because conceal
// is part of reading it. So a new message or error needs no thought about what it
// may quote.

// conceal makes the matcher of everything that must not be seen, and starts the
// recording with it. Nothing is said before.
func (a *attempt) conceal(known []redact.Secret, weak []string) {
	a.matcher, a.weak = redact.NewMatcher(known), weak
	a.startRecording()
}

// line is a server's text as one line of a record, where no client has to fear
// what it prints. It is redacted again after control sequences are out of it,
// because these may stand inside of a secret.
func (a *attempt) line(text string) string { return a.clean(terminal.Line(a.clean(text))) }

// filter is a filter of one stream that knows what the matcher knows.
func (a *attempt) filter(emit func(p []byte, masked int)) logbook.Filter {
	return a.matcher.Stream(emit)
}

// clean is the text without secrets: those of the plan, and those that the job
// has declared until now.
func (a *attempt) clean(text string) string { return a.matcher.Text(text) }

// cleanedError is an error whose text has a secret in it.
type cleanedError struct {
	text string
	err  error
}

// cleaned is an error of the same kind whose text is clean.
func (a *attempt) cleaned(err error) error {
	if err == nil {
		return nil
	}
	was := err.Error()
	if text := a.clean(was); text != was {
		return cleanedError{text, err}
	}
	return err
}

// Error is the clean text.
func (e cleanedError) Error() string { return e.text }

// Unwrap leads to what the error is, not to what it says.
func (e cleanedError) Unwrap() error { return e.err }

// cleaner is a handler whose lines are clean.
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

// value cleans texts, and errors and others that are logged as texts.
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
