// Package oplog is the operator's log: one JSON object a line, which says on
// every line what it belongs to. What a deployment prints is the deployer's
// log, package logbook, and the two never mix.
//
// Nothing secret can come into it, by construction rather than by a filter:
//
//   - messages are constants, and attributes are ids, names, counts and times;
//   - errors are logged as their text, and no error of this module quotes what
//     a user sent or a server said: an adapter whose service does (the
//     parameter store repeats values) keeps only the service's error code;
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

// New returns a logger that writes lines of JSON, from the level on. Lines
// logged with a context carry what [With] added to it.
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

// key is the place of the attributes in a context.
type key struct{}

// With returns a context with which every line logged carries name=value. A name
// that it carries already gets the new value.
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

// Handle writes the line. The attributes go to the line's own level: a logger
// with an open group has them in the group.
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
