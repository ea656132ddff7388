package remote_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"waybill/internal/remote"
)

func TestSecretsAreOnNoCommandLine(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		const secret = "correct-horse-battery-staple"
		dir := folder(t)
		j := job(dir, `echo ready; sleep 1; [ "$PASSWORD" = `+"\"$(cat expected)\" ]")
		j.Files = []remote.File{{Path: "job.env", Content: []byte("PASSWORD=" + secret)},
			{Path: "expected", Content: []byte(secret)}}
		j.EnvironmentFile = "job.env"
		stop := make(chan struct{})
		var watching sync.WaitGroup
		seen := map[string]bool{}
		watching.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					watch(dir, secret, seen)
				}
			}
		})
		end, _ := follow(t, shell, j)
		close(stop)
		watching.Wait()
		if end.ExitCode != 0 {
			t.Errorf("the step did not get it: %+v", end)
		}
		for where := range seen {
			t.Errorf("the secret is in %s", where)
		}
		for _, name := range []string{"run", "step.1", "out", "err", "steps", "marks", "pid", "exit"} {
			if strings.Contains(read(t, filepath.Join(j.Spool, name)), secret) {
				t.Errorf("the secret is in the spool's %s", name)
			}
		}
	})
}

// watch records every command line with the secret, and every process that has
// it in its environment and is not part of a step.
func watch(dir, secret string, seen map[string]bool) {
	for pid, text := range processes(dir) {
		line, environment, _ := strings.Cut(text, "\n")
		if strings.Contains(line, secret) {
			seen["the command line of "+line] = true
		}
		step := strings.Contains(line, "step.1") || strings.HasPrefix(line, "sleep\x001\x00") ||
			strings.HasPrefix(line, "cat\x00expected")
		if strings.Contains(environment, secret) && !step {
			seen[fmt.Sprintf("the environment of %d %q", pid, line)] = true
		}
	}
}
