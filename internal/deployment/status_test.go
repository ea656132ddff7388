package deployment_test

import (
	"errors"
	"testing"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// TestP6StatusMachine goes through every pair: what is not in the table is
// refused, and no terminal state is ever left.
func TestP6StatusMachine(t *testing.T) {
	const (
		q = deployment.Queued
		p = deployment.InProgress
		f = deployment.Finished
		x = deployment.Failed
		c = deployment.Cancelled
	)
	allowed := map[[2]deployment.Status]bool{
		{q, p}: true, {q, c}: true, {q, x}: true,
		{p, f}: true, {p, x}: true, {p, c}: true,
	}
	for _, from := range deployment.Statuses() {
		for _, to := range deployment.Statuses() {
			err := from.To(to)
			if got, want := err == nil, allowed[[2]deployment.Status{from, to}]; got != want {
				t.Errorf("%s to %s: allowed %v, want %v", from, to, got, want)
			}
			if err != nil && !errors.Is(err, fault.Conflict) {
				t.Errorf("%s to %s: %v, want a Conflict", from, to, err)
			}
		}
		if got, want := from.Terminal(), from == f || from == x || from == c; got != want {
			t.Errorf("%s is terminal: %v, want %v", from, got, want)
		}
	}
	if deployment.Status("").To(p) == nil {
		t.Error("an unknown status may become a status")
	}
}
