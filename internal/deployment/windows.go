package deployment

import (
	"context"
	"errors"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/window"
)

// Override starts a deployment although its windows are closed.
type Override struct {
	// Reason is one line of at most [MaxOverrideReason] characters.
	Reason string
}

// WindowOverride is the [Override] with which a deployment was queued. It is zero for one that
// was queued in its windows.
type WindowOverride struct {
	// Reason is the one of the request, and By the name of the token.
	Reason string
	By     string
}

// MaxOverrideReason is the longest reason of an [Override], in characters.
const MaxOverrideReason = 200

// WindowClosedError is the cause of a Conflict: the windows of the resource, its server or the
// team are closed.
type WindowClosedError struct {
	Verdict window.Verdict
	// At is when they were closed.
	At time.Time
}

// Error says who is closed.
func (e *WindowClosedError) Error() string { return e.Verdict.Reason }

// NextOpening returns when a deployment may start next, or the zero time if not within a year.
func (e *WindowClosedError) NextOpening() time.Time { return e.Verdict.Next }

// Wait returns the time from the check to the next opening, in whole seconds, or 0 if there is
// none.
func (e *WindowClosedError) Wait() time.Duration {
	if e.Verdict.Next.IsZero() {
		return 0
	}
	return e.Verdict.Next.Sub(e.At).Truncate(time.Second) + time.Second
}

// NewWindowClosedError is Conflict with the cause [*WindowClosedError].
func NewWindowClosedError(verdict window.Verdict, at time.Time) error {
	return fault.Wrap(&WindowClosedError{verdict, at}, fault.Conflict,
		"No deployment may start now: %s. The next opening: %s.", verdict.Reason, verdict.NextText())
}

// CheckWindows returns the error of a start now if the windows are closed, and nil if they are
// open.
func CheckWindows(
	resource catalog.Deployable, server *catalog.Server, team catalog.Team, now time.Time,
) error {
	verdict, err := window.Check(now, catalog.WindowsOf(resource, server, team)...)
	if err != nil || verdict.Open {
		return err
	}
	return NewWindowClosedError(verdict, now)
}

// admission says whether the windows let a request in.
type admission struct {
	// verdict is open, or closed.
	verdict window.Verdict
	// entry is the entry of the audit for a request that overrides closed windows, else zero.
	entry audit.Entry
}

// admit checks the windows of a request that starts something, and notes an override in the
// record.
func (r *Requests) admit(record *Record, request Request, owners []window.Owner) (admission, error) {
	if !request.Operation.Starts() {
		return admission{verdict: window.Verdict{Open: true}}, nil
	}
	verdict, err := window.Check(record.CreatedAt, owners...)
	if err != nil || verdict.Open || request.Override == nil {
		return admission{verdict: verdict}, err
	}
	record.WindowOverride = WindowOverride{Reason: request.Override.Reason, By: request.Trigger.Name}
	entry, err := audit.New(record.overrideEntry(), r.opts.Retention.Audit(), r.opts.Random)
	return admission{verdict: window.Verdict{Open: true}, entry: entry}, err
}

// known returns the deployment that already answers a request outside of the windows: it was
// accepted before they closed. Without one, the request is refused.
func (r *Requests) known(ctx context.Context, record Record, request Request,
	verdict window.Verdict) (Receipt, error) {
	var err error
	if record.After, err = r.after(ctx, request); err != nil {
		return Receipt{}, err
	}
	receipt, err := r.queue.Known(ctx, record, request.key())
	if errors.Is(err, fault.NotFound) {
		return Receipt{}, NewWindowClosedError(verdict, record.CreatedAt)
	}
	return receipt, err
}

// overrideEntry returns the entry for a deployment that was queued outside of the windows.
func (r Record) overrideEntry() audit.Entry {
	return audit.Entry{
		At:     r.CreatedAt,
		Actor:  audit.Actor{TokenID: r.Trigger.TokenID, Name: r.Trigger.Name},
		Action: audit.OverrideWindow,
		Target: audit.Target{Kind: audit.KindDeployment, ID: string(r.ID)},
	}
}

// place is where a deployment runs, and when it may start.
type place struct {
	resource catalog.Deployable
	server   *catalog.Server
	team     catalog.Team
}

func (p place) windows() []window.Owner { return catalog.WindowsOf(p.resource, p.server, p.team) }
