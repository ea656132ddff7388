// Package oplog is the operator's log: one JSON object a line, and every line
// names its request and deployment. The output of a deployment is the deployer's
// log, package logbook, and the two never mix.
//
// It holds no secrets, by construction rather than by a filter:
//
//   - messages are constants, and attributes are ids, names, counts and times;
//   - errors are logged as their text, and no error of this module quotes user
//     input or a server's answer: an adapter whose service repeats values (the
//     parameter store does) keeps only the service's error code;
//   - no type that holds a secret is ever an attribute.
package oplog

import (
	"context"
	"io"
	"log/slog"
	"time"
)

// The attributes that come with a context.
const (
	// RequestID names one call of a function; clients see it as well.
	RequestID = "request_id"
	// Deployment is the uuid of the deployment that the work is for.
	Deployment = "deployment_uuid"
)

// New returns a logger that writes lines of JSON at the level and above. Lines
// logged with a context have the attributes that [With] added to it.
func New(w io.Writer, level slog.Level) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey && attr.Value.Kind() == slog.KindTime {
				return slog.Time(slog.TimeKey, attr.Value.Time().UTC().Truncate(time.Microsecond))
			}
			return attr
		},
	})
	return slog.New(handler{lines})
}

// key is the context key of the attributes.
type key struct{}

// With returns a context that adds name=value to every line logged with it. A
// name that the context has already gets the new value.
func With(ctx context.Context, name, value string) context.Context {
	carried := attributes(ctx)
	attrs := make([]slog.Attr, 0, len(carried)+1)
	for _, attr := range carried {
		if attr.Key != name {
			attrs = append(attrs, attr)
		}
	}
	return context.WithValue(ctx, key{}, append(attrs, slog.String(name, value)))
}

func attributes(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(key{}).([]slog.Attr)
	return attrs
}

// handler adds a context's attributes to each line.
type handler struct {
	slog.Handler
}

// Handle writes the line. A logger with an open group has the context's
// attributes in that group.
func (h handler) Handle(ctx context.Context, line slog.Record) error {
	line.AddAttrs(attributes(ctx)...)
	return h.Handler.Handle(ctx, line)
}

// WithAttrs returns a handler whose lines also have the attributes.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler whose attributes are in the group.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name)}
}
