package gateway

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"waybill/internal/fault"
)

// panicked is a panic as an error.
type panicked struct {
	text  string
	stack string
}

// Error says what happened.
func (p *panicked) Error() string { return "panic: " + p.text }

// guard runs a handler and makes an error of its panic, so that one bad event
// does not end the process, which would cost the next one a cold start.
func guard(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{text: fault.PanicText(value), stack: string(debug.Stack())}
		}
	}()
	return run()
}

// failed writes the one line about an error.
func (g *Gateway) failed(ctx context.Context, message string, err error, attrs ...slog.Attr) {
	level := slog.LevelError
	if harmless(err) {
		level = slog.LevelInfo
	}
	attrs = append(attrs, slog.String("kind", fault.KindOf(err).String()), slog.String("error", err.Error()))
	if thrown, ok := errors.AsType[*panicked](err); ok {
		// A stack has the addresses of arguments, never what is in them.
		attrs = append(attrs, slog.String("stack", thrown.stack))
	}
	g.log.LogAttrs(ctx, level, message, attrs...)
}

// harmless reports whether the error is one that nobody has to look into:
// somebody else is at it, or what a person typed was refused with a reason.
func harmless(err error) bool {
	return errors.Is(err, fault.Conflict) || (errors.Is(err, fault.Invalid) && fault.Fields(err) != nil)
}
