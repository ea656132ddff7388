package runner_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/runner"
)

// rotatingVault changes the secrets of a resource each time before they are read.
type rotatingVault struct {
	catalog.Vault
	w       *world
	t       *testing.T
	rotated map[string]string
}

func (v rotatingVault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	for id := range sets {
		if !id.Kind().Deployable() {
			continue
		}
		if err := v.w.SetSecrets(ctx, id, v.rotated); err != nil {
			v.t.Fatal(err)
		}
	}
	return v.Vault.GetAll(ctx, sets)
}

// TestP13ARunnerReadsOneGenerationOfSecretsWhole changes all secrets after the runner has
// read the resource and before it reads the secrets.
func TestP13ARunnerReadsOneGenerationOfSecretsWhole(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: `[ "$A-$B" = first-value-a-first-value-b ]`},
		map[string]string{"A": "first-value-a", "B": "first-value-b"})
	ports := w.ports()
	ports.Vault = rotatingVault{w.Vault(), w, t, map[string]string{
		"A": "second-value-a", "B": "second-value-b",
	}}
	opts := w.opts
	opts.Now = w.now
	if err := runner.New(ports, opts).Run(t.Context(), id, "runner"); err != nil {
		t.Fatal(err)
	}
	if record := w.record(t, id); record.Status != deployment.Finished {
		t.Errorf("%s %s, want finished: both values are of the first generation\n%s",
			record.Status, record.Outcome.Reason, w.log(t, id))
	}
}

// TestP3FormerSecretsAreMasked prints a value that was replaced, as a container does that
// was started before the change.
func TestP3FormerSecretsAreMasked(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "echo it still has former-value-91, now $PASSWORD"},
		map[string]string{"PASSWORD": "present-value-92"})
	err := w.SetSecrets(t.Context(), id.Resource(), map[string]string{"PASSWORD": "present-value-92"},
		catalog.RetiredSecret{Name: "PASSWORD", Value: "former-value-91", At: w.now()})
	if err != nil {
		t.Fatal(err)
	}
	_, log := w.run(t, id)
	want := "it still has <REDACTED:PASSWORD>, now <REDACTED:PASSWORD>"
	if strings.Contains(log, "value-9") || !strings.Contains(log, want) {
		t.Errorf("the log has a value, or not %q:\n%s", want, log)
	}
}

// TestP3ScrubFindsFormerSecrets: a secret may be scrubbed after it was replaced.
func TestP3ScrubFindsFormerSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ids := leaks(t, 2)
		err := w.SetSecrets(t.Context(), leaky, map[string]string{"LATER": "another-value-93"},
			catalog.RetiredSecret{Name: "LATER", Value: leaked, At: w.now()})
		if err != nil {
			t.Fatal(err)
		}
		scrub := w.scrub(t)
		if record, log := w.run(t, scrub); record.Status != deployment.Finished {
			t.Errorf("the scrub is %s %s\n%s", record.Status, record.Outcome.Reason, log)
		}
		w.wantScrubbed(t, ids[1], scrub)
	})
}
