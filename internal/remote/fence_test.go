package remote_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

// of returns the job of a deployment. All deployments in the folder have the
// same resource.
func of(dir, deployment string, attempt int, script string) remote.Job {
	j := job(dir, script)
	j.Spool, j.Deployment, j.Attempt = filepath.Join(dir, "runs", deployment), deployment, attempt
	return j
}

// held checks that the job is refused because the holder has the folder.
func held(t *testing.T, shell remote.Shell, j remote.Job, want remote.HeldError) {
	t.Helper()
	_, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, &tape{})
	if got, ok := errors.AsType[*remote.HeldError](err); !ok || *got != want ||
		!strings.Contains(err.Error(), want.Holder) {
		t.Errorf("%+v, want %+v", err, want)
	}
	if errors.Is(err, fault.Conflict) {
		t.Errorf("%v is taken for the ledger's Conflict", err)
	}
}

func TestP2OneJobWorksInAFolder(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		first, second := of(dir, "app1", 1,
			"echo ready; until [ -e go ]; do sleep 0.1; done; echo x >>count"),
			of(dir, "app2", 1, "echo y >>count")
		_, ended := begin(t, shell, first, "ready\n")
		held(t, shell, second, remote.HeldError{Holder: "app1", Running: true})
		write(t, filepath.Join(dir, "app/go"), "")
		if end := ended(); end.ExitCode != 0 {
			t.Errorf("%+v", end)
		}
		if end, _ := follow(t, shell, second); end.ExitCode != 0 {
			t.Errorf("%+v", end)
		}
		if got := read(t, filepath.Join(dir, "app/count")); got != "x\ny\n" {
			t.Errorf("ran %q", got)
		}
	})
	t.Run("of many at once, one", func(t *testing.T) {
		dir := folder(t)
		var together sync.WaitGroup
		var mu sync.Mutex
		started, refused := 0, 0
		for i := range 8 {
			together.Go(func() {
				_, err := remote.Follow(t.Context(), local{},
					of(dir, fmt.Sprint("app", i), 1, "mkdir busy; sleep 4; rmdir busy"),
					remote.Offsets{}, &tape{})
				_, isHeld := errors.AsType[*remote.HeldError](err)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					started++
				}
				if isHeld {
					refused++
				}
			})
		}
		together.Wait()
		if started < 1 || started+refused != 8 {
			t.Errorf("%d ended, %d were refused, want 8 together", started, refused)
		}
		if _, err := os.Stat(filepath.Join(dir, "app/busy")); err == nil {
			t.Error("two were at work at once")
		}
	})
	t.Run("what a step leaves behind does not hold the folder", func(t *testing.T) {
		dir := folder(t)
		follow(t, local{}, of(dir, "app1", 1, "(until [ -e go ]; do sleep 0.1; done) >/dev/null 2>&1 &"))
		if end, _ := follow(t, local{}, of(dir, "app2", 1, "touch go")); end.ExitCode != 0 {
			t.Errorf("%+v", end)
		}
	})
}

func TestP2ARunnerThatWakesUpLateStartsNothing(t *testing.T) {
	for sh, shell := range locals(t) {
		dir := folder(t)
		count := filepath.Join(dir, "app/count")
		ran := func(want string) {
			t.Helper()
			if got, _ := os.ReadFile(count); string(got) != want {
				t.Errorf("%s: ran %q, want %q", sh, got, want)
			}
		}
		lost := func(j remote.Job) {
			t.Helper()
			if end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, &tape{}); err != nil ||
				!end.Lost {
				t.Errorf("%s: %+v %v, want lost", sh, end, err)
			}
			if _, err := os.Stat(j.Spool); err == nil {
				t.Errorf("%s: it left a spool", sh)
			}
		}
		two := of(dir, "app2", 1, "echo 2 >>count")
		follow(t, shell, two)
		held(t, shell, of(dir, "app1", 9, "echo 1 >>count"), remote.HeldError{Holder: "app2"})
		if err := remote.Remove(t.Context(), shell, two); err != nil {
			t.Error(err)
		}
		lost(two)
		lost(of(dir, "app2", 2, "echo again >>count"))
		ran("2\n")
		follow(t, shell, of(dir, "app3", 1, "echo 3 >>count"))
		held(t, shell, two, remote.HeldError{Holder: "app3"})
		if err := os.RemoveAll(filepath.Join(dir, "runs/app3")); err != nil {
			t.Error(err)
		}
		lost(of(dir, "app3", 1, "echo again >>count"))
		ran("2\n3\n")
	}
}

// Each case is a state in which a starter or a job's shell can die. The test checks how
// the next starter continues.
func TestAStartAfterADeadStarter(t *testing.T) {
	for _, state := range []struct {
		name, last, next string
		lost, held       bool
	}{
		{"before it noted anything", "", "", false, false},
		{"while it noted that it starts", "", "starting app1 1", false, false},
		{"after it noted that it starts", "starting app1 1", "", false, false},
		{"before the job's shell was there", "starting app1 1", "started app1 1", false, false},
		{"after a later runner noted that it starts", "starting app1 3", "", false, true},
		{"after the job noted that it has started", "started app1 1", "", true, false},
		{"with a note that was cut", "start", "", false, false},
		{"with a note that is none", "started app9 $(id) 1", "", false, false},
		{"with an empty note", "\n", "\n", false, false},
	} {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			j := of(dir, "app1", 2, "echo x >>count")
			if err := os.Mkdir(j.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{".waybill-last": state.last,
				".waybill-last.new": state.next} {
				if text != "" {
					write(t, filepath.Join(j.Dir, name), text)
				}
			}
			if state.held {
				held(t, local{}, j, remote.HeldError{Holder: "app1"})
				return
			}
			if end, _ := follow(t, local{}, j); end.Lost != state.lost {
				t.Errorf("%+v, want lost: %v", end, state.lost)
			}
			if _, err := os.Stat(filepath.Join(j.Dir, "count")); (err != nil) != state.lost {
				t.Errorf("it ran: %v, want lost: %v", err == nil, state.lost)
			}
		})
	}
	t.Run("a removed spool of a job that had not begun is not started any more", func(t *testing.T) {
		dir := folder(t)
		j := of(dir, "app1", 1, "echo x >>count")
		follow(t, local{}, of(dir, "app0", 1, "true"))
		write(t, filepath.Join(j.Dir, ".waybill-last"), "starting app1 1\n")
		if err := remote.Remove(t.Context(), local{}, j); err != nil {
			t.Fatal(err)
		}
		if end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, &tape{}); err != nil ||
			!end.Lost {
			t.Errorf("%+v %v, want lost", end, err)
		}
	})
}
