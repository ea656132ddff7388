package remote_test

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"testing"
	"time"

	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// BenchmarkAgainstOpenSSH compares this package with OpenSSH's own client,
// round by round in the same run, and reports medians of the ratios of wall
// time. It measures the opening of a connection with one command on it, and the
// transfer of 200 MB, once as a command prints them and once from a job's
// spool.
func BenchmarkAgainstOpenSSH(b *testing.B) {
	if _, err := exec.LookPath("ssh"); err != nil {
		b.Skip("needs the client ssh: install openssh-client")
	}
	server := remotetest.Best(b)
	client := openSSH(b, server)
	const print = "head -c 200000000 /dev/zero"
	j := job(folder(b), print)
	follow(b, dial(b, server), j)
	var connect, stream, spool, speed []float64
	for b.Loop() {
		theirs := taken(b, func() error { return client("true") })
		connect = append(connect, taken(b, func() error { return run(b, server, "true") })/theirs)
		theirs = taken(b, func() error { return client(print) })
		stream = append(stream, theirs/taken(b, func() error { return run(b, server, print) }))
		ours := taken(b, func() error { return replay(b, server, j) })
		spool, speed = append(spool, theirs/ours), append(speed, 200/ours)
	}
	b.ReportMetric(median(connect), "connect/ssh")
	b.ReportMetric(median(stream), "stream-x-ssh")
	b.ReportMetric(median(spool), "spool-x-ssh")
	b.ReportMetric(median(speed), "spool-MB/s")
}

// openSSH returns OpenSSH's client, ready to run commands on the server.
func openSSH(b *testing.B, server *remotetest.Server) func(command string) error {
	b.Helper()
	client := server.ClientCommand(b)
	return func(command string) error {
		return exec.Command(client[0], append(client[1:len(client):len(client)], command)...).Run()
	}
}

func run(b *testing.B, server *remotetest.Server, script string) error {
	shell, err := sshrun.New(sshrun.Options{}).Dial(b.Context(), server.Target())
	if err != nil {
		return err
	}
	defer shell.Close()
	_, err = shell.Run(b.Context(), script, nil, io.Discard, io.Discard)
	return err
}

func replay(b *testing.B, server *remotetest.Server, j remote.Job) error {
	shell, err := sshrun.New(sshrun.Options{}).Dial(b.Context(), server.Target())
	if err != nil {
		return err
	}
	defer shell.Close()
	end, err := remote.Follow(b.Context(), shell, j, remote.Offsets{}, drain{})
	if err == nil && end.Out != 200000000 {
		err = fmt.Errorf("%+v", end)
	}
	return err
}

// drain is a sink that ignores everything.
type drain struct{}

func (drain) Attached(string, bool, time.Time) error             { return nil }
func (drain) StepStarted(remote.StepEvent) error                 { return nil }
func (drain) StepEnded(remote.StepEvent) error                   { return nil }
func (drain) Data(remote.Stream, int64, []byte, time.Time) error { return nil }
func (drain) Idle() error                                        { return nil }
func (drain) Tick() error                                        { return nil }

// taken returns how many seconds do takes.
func taken(b *testing.B, do func() error) float64 {
	b.Helper()
	begun := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun).Seconds()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
