package gateway

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"waybill/internal/fault"
)

// panicError is a recovered panic.
type panicError struct {
	text  string
	stack string
}

// Error returns the text of the panic.
func (p *panicError) Error() string { return "panic: " + p.text }

// guard runs a handler and turns its panic into an error. Otherwise one bad event would
// end the process, and the next event would pay for a cold start.
func guard(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{text: fault.PanicText(value), stack: string(debug.Stack())}
		}
	}()
	return run()
}

// failed logs an error in one line.
func (g *Gateway) failed(ctx context.Context, message string, err error, attrs ...slog.Attr) {
	level := slog.LevelError
	if harmless(err) {
		level = slog.LevelInfo
	}
	attrs = append(attrs, slog.String("kind", fault.KindOf(err).String()), slog.String("error", err.Error()))
	if recovered, ok := errors.AsType[*panicError](err); ok {
		// A stack has the addresses of arguments, never their content.
		attrs = append(attrs, slog.String("stack", recovered.stack))
	}
	g.log.LogAttrs(ctx, level, message, attrs...)
}

// harmless reports whether the error needs no attention of an operator: another runner
// is at work, or a user's input was refused with a reason.
func harmless(err error) bool {
	return errors.Is(err, fault.Conflict) || (errors.Is(err, fault.Invalid) && fault.Fields(err) != nil)
}
