package deployment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Dependency is a deployment that another one comes after.
type Dependency struct {
	// Resource is the resource that the request named.
	Resource catalog.ID
	// Deployment is the deployment of the resource that was queued or running at the
	// request, the queued one if there were both. If there was none, it is the last one,
	// or "" if the resource was running.
	Deployment ID
	// Status is how the deployment ended, and [Finished] if the resource was running. It
	// is "" while the deployment is awaited, and for one that no longer exists.
	Status Status
}

// MaxAfter is the most resources that a request may come after.
const MaxAfter = catalog.MaxAfter

// Waiting reports whether the deployment is kept out of its server's queue until the
// deployments that it comes after have finished.
func (r Record) Waiting() bool { return r.Status == Queued && r.QueuedAt.IsZero() }

// WaitsFor returns the deployments that it still waits for.
func (r Record) WaitsFor() []ID {
	if !r.Waiting() {
		return nil
	}
	return r.pending()
}

// pending returns the dependencies that were awaited at the last look.
func (r Record) pending() []ID {
	var pending []ID
	for _, dependency := range r.After {
		if dependency.Status == "" {
			pending = append(pending, dependency.Deployment)
		}
	}
	return pending
}

// Settled returns the waiting record after a look at the deployments that it waits for.
// found has the records that exist.
//
//   - One has ended and did not finish, or is gone: the record has failed.
//   - All have finished: the record joins the queue at now.
//   - Otherwise it waits on. It is unchanged if none has ended.
//
// Conflict unless it is waiting.
func (r Record) Settled(found map[ID]Record, now time.Time) (Record, error) {
	if !r.Waiting() {
		return Record{}, fault.New(fault.Conflict, "Deployment %s does not wait.", r.ID)
	}
	var unmet Dependency
	waits, ended := false, false
	r.After = slices.Clone(r.After)
	for i := range r.After {
		one := &r.After[i]
		if one.Status != "" {
			continue
		}
		other, there := found[one.Deployment]
		if there && !other.Status.Terminal() {
			waits = true
			continue
		}
		one.Status, ended = other.Status, true
		if one.Status != Finished && unmet.Resource == "" {
			unmet = *one
		}
	}
	switch {
	case unmet.Resource != "":
		r.Status, r.Outcome = Failed, Outcome{Status: Failed, Reason: ReasonDependency, Unmet: unmet}
		r.Progress.Log.Complete = true
		r.FinishedAt, r.UpdatedAt = now, now
		r.ExpiresAt = r.expiry()
	case !waits:
		r.QueuedAt, r.UpdatedAt = now, now
	case ended:
		r.UpdatedAt = now
	}
	return r, nil
}

// Older orders records by the times of their requests.
func Older(a, b Record) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
}

// Kept returns the settled record that could join the queue and finds it full. was is the
// record before, which it stays if nothing else has changed.
func (r Record) Kept(was Record) Record {
	if slices.Equal(r.After, was.After) {
		return was
	}
	r.QueuedAt = time.Time{}
	return r
}

// comesAfterAll reports whether the queued record comes after everything that the other
// one would wait for, and, if it waits, for nothing else.
func (r Record) comesAfterAll(other Record) bool {
	for _, id := range other.pending() {
		if !slices.ContainsFunc(r.After, func(d Dependency) bool { return d.Deployment == id }) {
			return false
		}
	}
	for _, id := range r.WaitsFor() {
		if !slices.ContainsFunc(other.After, func(d Dependency) bool { return d.Resource == id.Resource() }) {
			return false
		}
	}
	return true
}

// ReasonText returns a sentence that explains the reason of the record, or "".
func (r Record) ReasonText() string {
	unmet := r.Outcome.Unmet
	switch {
	case r.Outcome.Reason != ReasonDependency:
		return ""
	case unmet.Status == "":
		return fmt.Sprintf("It was to come after deployment %s of %s, which no longer exists.",
			unmet.Deployment, unmet.Resource)
	}
	return fmt.Sprintf("It was to come after deployment %s of %s, which ended as %s.",
		unmet.Deployment, unmet.Resource, unmet.Status)
}
