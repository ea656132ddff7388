package remote_test

import (
	"testing"
	"time"

	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

func TestSmoke(t *testing.T) {
	for _, sh := range []string{"dash", "bash"} {
		t.Run(sh, func(t *testing.T) {
			begun := time.Now()
			dir := folder(t)
			end, tape := follow(t, local{sh: sh}, job(dir, "echo hello; echo oops >&2; echo more > /dev/stderr", "exit 3", "echo no"))
			t.Logf("%+v %q %q %s %s %v ticks %d %v", end, tape.out.String(), tape.err.String(), tape.steps(), tape.process, tape.started, tape.ticks, time.Since(begun))
			t.Logf("%+v", tape.events)
		})
	}
}

func TestSmokeSSH(t *testing.T) {
	for name, server := range map[string]*remotetest.Server{"best": remotetest.Best(t), "inside": remotetest.Start(t, remotetest.Options{Noise: "hi\n"})} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), server.Target())
			if err != nil { t.Fatal(err) }
			defer shell.Close()
			t.Log(time.Since(begun))
			dir := folder(t)
			end, tape := follow(t, shell, job(dir, "echo hello; echo oops >&2; echo more > /dev/stderr; id; env", "exit 3", "echo no"))
			t.Logf("%+v %q %q %s %s %v ticks %d %v", end, tape.out.String(), tape.err.String(), tape.steps(), tape.process, tape.started, tape.ticks, time.Since(begun))
		})
	}
}
