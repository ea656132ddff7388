package runner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// TestP8ATeamsOwnExitCodesMeanNothing: only Waybill's own scripts exit with a
// verdict. A command of a shell application may end with any code.
func TestP8ATeamsOwnExitCodesMeanNothing(t *testing.T) {
	for _, code := range []int{recipe.UnhealthyExit, recipe.DockerExit} {
		exit := fmt.Sprintf("exit %d", code)
		for _, c := range []struct {
			name   string
			shell  catalog.Shell
			stops  bool
			reason deployment.Reason
			says   string
		}{
			{"start", catalog.Shell{Start: exit}, false, deployment.ReasonExit,
				fmt.Sprintf(`reason exit: step "Start" exited with code %d.`, code)},
			{"start with a check", catalog.Shell{Start: exit, Health: "true"}, false, deployment.ReasonExit,
				fmt.Sprintf(`step "Start" exited with code %d.`, code)},
			{"stop", catalog.Shell{Start: "true", Stop: exit}, true, deployment.ReasonExit,
				fmt.Sprintf(`step "Stop" exited with code %d.`, code)},
			{"health", catalog.Shell{Start: "true", Health: exit}, false, deployment.ReasonUnhealthy,
				"The health command did not succeed"},
		} {
			t.Run(fmt.Sprint(c.name, " ", code), func(t *testing.T) {
				w := newWorld(t)
				id := w.claimedAs(t, "app000000000000000000001", c.shell, nil, time.Hour)
				if c.stops {
					w.run(t, id)
					id = w.asked(t, "app000000000000000000001", deployment.Stop)
				}
				record, log := w.run(t, id)
				if record.Status != deployment.Failed || record.Outcome.Reason != c.reason ||
					!strings.Contains(log, c.says) {
					t.Errorf("%s, reason %s, want %s with %q:\n%s",
						record.Status, record.Outcome.Reason, c.reason, c.says, log)
				}
			})
		}
	}
}
