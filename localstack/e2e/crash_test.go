package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// The size of the crash test. Each of its slots has a server of its own, so that
// the process that is connected to that server is the runner of the slot's
// deployment.
const (
	crashSlots = 16
	crashLines = 60
)

// crashScript prints numbered lines on both streams for about two seconds. It
// also adds a line to a file, which shows how often the script ran.
const crashScript = `echo effect >>%q
i=1
while [ $i -le 60 ]; do
  echo "out $i"; echo "err $i" >&2
  case $i in *[05]) sleep 0.15 ;; esac
  i=$((i+1))
done`

// figures has the counters of a crash test.
type figures struct {
	kills, blind, cuts, messages, attempts, lines atomic.Int64
}

// TestP4P5NoRunnersDeathLosesAJob kills the runner of every deployment at a
// random instant. In turn it also cuts connections, repeats messages and kills
// other runners. In the end each log must be complete, each script must have run
// once and each slot must be free. The test prints its seed; WAYBILL_SEED sets
// it.
func TestP4P5NoRunnersDeathLosesAJob(t *testing.T) {
	w := stack(t)
	deployments := 64
	if os.Getenv("WAYBILL_FULL") != "" {
		deployments = 200
	}
	if os.Getenv("EMULATOR") != "ministack" {
		// LocalStack handles one message at a time, and after each kill the next
		// runner has to wait for the lease to end.
		deployments = 8
	}
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("WAYBILL_SEED"), 10, 64); err == nil {
		seed = given
	}
	fmt.Printf("figure: crash test of %d deployments, WAYBILL_SEED=%d\n", deployments, seed)

	var f figures
	begun := time.Now()
	next := make(chan int)
	var working sync.WaitGroup
	for range min(crashSlots, deployments) {
		ssh := remotetest.Start(t, remotetest.Options{})
		server := w.register(t, ssh)
		working.Go(func() {
			for i := range next {
				w.crash(t, ssh, server, rand.New(rand.NewPCG(seed, uint64(i))), i, &f)
			}
			w.wantIdle(t, server)
		})
	}
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	for i := range deployments {
		select {
		case next <- i:
		case <-done: // every slot gave up
		}
	}
	close(next)
	<-done
	fmt.Printf("figure: %d runners killed (%d of them whatever they did), %d connections cut, %d "+
		"messages doubled; %d attempts, %d lines, all there once and in order, %s\n",
		f.kills.Load(), f.blind.Load(), f.cuts.Load(), f.messages.Load(), f.attempts.Load(), f.lines.Load(),
		time.Since(begun).Round(time.Second))
}

// crash runs one deployment, disturbs it and checks the result.
func (w *world) crash(
	t *testing.T, ssh *remotetest.Server, server string, random *rand.Rand, number int, f *figures,
) {
	effects := filepath.Join(t.TempDir(), "effects")
	app := w.shell(t, server, fmt.Sprintf(crashScript, effects))
	uuid := w.start(t, app)
	if t.Failed() {
		return
	}
	// This is the random instant, not a wait for a state.
	time.Sleep(time.Duration(random.Int64N(int64(4 * time.Second))))
	switch number % 4 {
	case 1:
		ssh.CutAll()
		f.cuts.Add(1)
	case 2:
		w.send(t, uuid)
		w.send(t, uuid)
		f.messages.Add(2)
	case 3:
		if pid := anyRunner(random); pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			f.kills.Add(1)
			f.blind.Add(1)
		}
	}
	w.killRunner(t, ssh, uuid, f)
	record, entries := w.follow(t, uuid)
	wantOnce(t, record, entries)
	f.attempts.Add(int64(record.Attempt))
	f.lines.Add(2 * crashLines)
	if said, err := os.ReadFile(effects); err != nil || string(said) != "effect\n" {
		t.Errorf("deployment %s had its effect %d times (%v), want once",
			uuid, strings.Count(string(said), "effect"), err)
	}
}

// killRunner waits for a process with a connection to the server and kills it. It
// gives up when the deployment has ended.
func (w *world) killRunner(t *testing.T, ssh *remotetest.Server, uuid string, f *figures) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, pid := range connectedTo(ssh.Port()) {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				f.kills.Add(1)
				return
			}
		}
		var record client.Deployment
		if err := w.api.Get(t.Context(), "/deployments/"+uuid, &record); err != nil || record.Ended() {
			return
		}
	}
}

// send sends the deployment's message once more.
func (w *world) send(t *testing.T, uuid string) {
	body, err := json.Marshal(map[string]string{"deployment_uuid": uuid})
	if err == nil {
		_, err = w.cloud.Session().SQS().SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String(w.cloud.Outputs().RunnerQueueURL), MessageBody: aws.String(string(body))})
	}
	if err != nil {
		t.Errorf("send a message: %v", err)
	}
}

// wantOnce checks that the log has every line of both streams once and in order.
func wantOnce(t *testing.T, record client.Deployment, entries []client.Entry) {
	t.Helper()
	if record.Status != "finished" {
		t.Errorf("deployment %s is %s %q in attempt %d; its log:\n%s",
			record.DeploymentUUID, record.Status, record.Reason, record.Attempt, text(entries))
	}
	next := map[string]int{"stdout": 1, "stderr": 1}
	for _, entry := range entries {
		if entry.Step != "Start" || entry.Command != nil {
			continue
		}
		if want := fmt.Sprintf("%s %d", entry.Type[len("std"):], next[entry.Type]); entry.Output != want {
			t.Errorf("deployment %s: line %q where %q was due", record.DeploymentUUID, entry.Output, want)
			return
		}
		next[entry.Type]++
	}
	if next["stdout"] != crashLines+1 || next["stderr"] != crashLines+1 {
		t.Errorf("deployment %s has %d and %d lines, want %d of each",
			record.DeploymentUUID, next["stdout"]-1, next["stderr"]-1, crashLines)
	}
	for i, entry := range entries {
		if entry.Order != int64(i+1) {
			t.Errorf("deployment %s: entry %d has order %d", record.DeploymentUUID, i+1, entry.Order)
			return
		}
	}
}

// wantIdle checks that every slot of the server is free and its queue is empty.
func (w *world) wantIdle(t *testing.T, server string) {
	t.Helper()
	var load struct{ Running, Queue []json.RawMessage }
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.api.Get(ctx, "/deployments/servers/"+server, &load); err != nil || len(load.Running) > 0 ||
		len(load.Queue) > 0 {
		t.Errorf("server %s still has %d running and %d queued (%v)",
			server, len(load.Running), len(load.Queue), err)
	}
}

// connectedTo returns the processes that have a connection to the port, without
// this one.
func connectedTo(port int) []int {
	sockets := map[string]bool{}
	table, _ := os.ReadFile("/proc/net/tcp")
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		// The fields are local_address, rem_address, st, …, inode (proc(5)); the
		// state 01 is ESTABLISHED.
		if len(fields) > 9 && strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", port)) && fields[3] == "01" {
			sockets["socket:["+fields[9]+"]"] = true
		}
	}
	if len(sockets) == 0 {
		return nil
	}
	return processes(func(pid int) bool {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil && sockets[target] {
				return true
			}
		}
		return false
	})
}

// anyRunner returns a random process that runs the runner function of the tested
// stack, or 0.
func anyRunner(random *rand.Rand) int {
	found := runnersOf("e2e")
	if len(found) == 0 {
		return 0
	}
	return found[random.IntN(len(found))]
}

func processes(want func(pid int) bool) []int {
	var found []int
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		if pid, err := strconv.Atoi(filepath.Base(folder)); err == nil && pid != os.Getpid() && want(pid) {
			found = append(found, pid)
		}
	}
	return found
}
