package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/runner"
)

// throttledVault refuses the first reads, as package parameters reports a service that throttles.
type throttledVault struct {
	catalog.Vault
	refusals, reads *int
}

func (v throttledVault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	*v.reads++
	if *v.refusals--; *v.refusals >= 0 {
		return nil, fault.Wrap(errors.New("ThrottlingException"), fault.Unavailable, "AWS limits it.")
	}
	return v.Vault.GetAll(ctx, sets)
}

// TestAThrottledReadOfSecretsFailsNoDeployment: its message is delivered again, and a later runner
// performs it. All secrets of a deployment are one read.
func TestAThrottledReadOfSecretsFailsNoDeployment(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: `[ "$A" = value-of-a ]`}, map[string]string{"A": "value-of-a"})
	refusals, reads := 2, 0
	ports, opts := w.ports(), w.opts
	ports.Vault, opts.Now = throttledVault{w.Vault(), &refusals, &reads}, w.now
	run := runner.New(ports, opts)
	for range 2 {
		err := run.Run(t.Context(), id, "runner")
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "ThrottlingException") {
			t.Fatalf("a run with a throttled vault returned %v", err)
		}
		if record := w.record(t, id); record.Status != deployment.InProgress {
			t.Fatalf("the deployment is %s %s", record.Status, record.Outcome.Reason)
		}
	}
	reads = 0
	if err := run.Run(t.Context(), id, "runner"); err != nil {
		t.Fatal(err)
	}
	if record := w.record(t, id); record.Status != deployment.Finished || reads != 1 {
		t.Errorf("%s %s after %d reads of secrets, want finished after 1\n%s",
			record.Status, record.Outcome.Reason, reads, w.log(t, id))
	}
}
