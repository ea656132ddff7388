package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"waybill/internal/logbook"
	"waybill/internal/memory"
	"waybill/internal/redact"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// pathBytes is how much goes the whole way in [BenchmarkWholeWay].
const pathBytes = 256 << 20

// BenchmarkWholeWay compares the whole way of a line, from the server's disk to
// a chunk that is ready for S3 (read over SSH, cut into lines, redacted, encoded
// and compressed), with `ssh server cat FILE | gzip > LOG` over the same sshd,
// which only copies. It reports medians of ratios of wall time, of rounds in
// turns: once as a runner follows a job's spool, and once from a plain cat.
func BenchmarkWholeWay(b *testing.B) {
	for _, program := range []string{"ssh", "gzip"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skip("needs the program " + program)
		}
	}
	server := remotetest.Best(b)
	dir := b.TempDir()
	file := filepath.Join(dir, "output")
	writeOutput(b, file)
	theirs := sshAndGzip(b, server, file, filepath.Join(dir, "log.gz"))
	job := remote.Job{Spool: filepath.Join(dir, "spool"),
		Dir: filepath.Join(dir, "folder"), Deployment: "bench",
		Steps: []remote.Step{{Name: "Start", Script: "cat " + file}}}
	recordSpool(b, server, job) // runs the job, so that its spool is there
	var spool, cat []float64
	for b.Loop() {
		copied := seconds(b, theirs)
		spool = append(spool, copied/seconds(b, func() error { return recordSpool(b, server, job) }))
		cat = append(cat, copied/seconds(b, func() error { return recordCat(b, server, file) }))
	}
	b.ReportMetric(middle(spool), "spool-x-ssh-gzip")
	b.ReportMetric(middle(cat), "cat-x-ssh-gzip")
}

// writeOutput writes what docker and compose print, line by line.
func writeOutput(b *testing.B, path string) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 0, 1<<20)
	for i, written := 0, 0; written < pathBytes; i++ {
		block = fmt.Appendf(block, "web-%d  | 2026-01-02T03:04:%02d.%06dZ INFO request id=%08x "+
			"path=/api/v1/things/%d status=%d took=%dms\n",
			i%3+1, i%60, i*7919%1000000, i*2654435761%(1<<32), i*31%5000, 200+i%5, i*13%900)
		if i%20 == 0 {
			block = fmt.Appendf(block, " %012x Downloading [=====>      ]  %d.%dMB/48.2MB\n",
				i*40503, i%48, i%10)
		}
		if len(block) > 1<<20-1024 {
			n, err := file.Write(block)
			if err != nil {
				b.Fatal(err)
			}
			written, block = written+n, block[:0]
		}
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

// sshAndGzip is what there is without Waybill.
func sshAndGzip(b *testing.B, server *remotetest.Server, file, log string) func() error {
	b.Helper()
	words := append([]string{"-c", `log=$1; shift; "$@" | gzip > "$log"`, "sh", log},
		server.ClientCommand(b)...)
	words = append(words, "cat "+file)
	return func() error { return exec.Command("sh", words...).Run() }
}

// recording is a sink that makes a log, as a runner does.
type recording struct {
	recorder *logbook.Recorder
}

func newRecording() *recording {
	var secrets []redact.Secret
	for i := range 10 {
		secrets = append(secrets, redact.Secret{
			Name: fmt.Sprint("SECRET_", i), Value: fmt.Sprintf("%x", 1<<62+i*7919),
		})
	}
	matcher := redact.NewMatcher(secrets)
	filter := func(emit func(p []byte, masked int)) logbook.Filter { return matcher.Stream(emit) }
	log := logbook.Log{Book: "log", Archive: discard{}, Index: memory.New(memory.Options{}).Index()}
	return &recording{
		recorder: logbook.NewRecorder(log, logbook.Mark{}, filter, logbook.RecorderOptions{}),
	}
}

func (r *recording) Attached(string, bool, time.Time) error { return nil }

func (r *recording) StepStarted(e remote.StepEvent) error {
	r.recorder.StepStarted(e.Number, "Start", "cat", e.At, e.Out, e.Err, e.Offset)
	return nil
}

func (r *recording) StepEnded(e remote.StepEvent) error {
	r.recorder.StepEnded(e.Number, e.At, e.Out, e.Err, e.Offset)
	return nil
}

func (r *recording) Data(_ remote.Stream, offset int64, p []byte, at time.Time) error {
	r.recorder.Data(logbook.Stdout, offset, p, at)
	return r.Tick()
}

func (r *recording) Idle() error { return nil }

func (r *recording) Tick() error {
	if !r.recorder.Due(time.Now(), time.Time{}) {
		return nil
	}
	_, err := r.recorder.Commit(context.Background())
	return err
}

func (r *recording) end() error {
	r.recorder.End()
	mark, err := r.recorder.Commit(context.Background())
	if err == nil && mark.At.Out < pathBytes {
		err = fmt.Errorf("%d bytes are in the log, want %d", mark.At.Out, pathBytes)
	}
	return err
}

// discard is an archive that keeps nothing.
type discard struct{ logbook.Archive }

// Put takes the chunk as S3 would.
func (discard) Put(context.Context, logbook.Book, logbook.Chunk) error { return nil }

// recordSpool runs the job, or finds that it ran, and makes a log of its spool.
func recordSpool(b *testing.B, server *remotetest.Server, job remote.Job) error {
	shell, err := sshrun.New(sshrun.Options{}).Dial(b.Context(), server.Target())
	if err != nil {
		return err
	}
	defer shell.Close()
	r := newRecording()
	_, err = remote.Follow(b.Context(), shell, job, remote.Offsets{}, r)
	return errors.Join(err, r.end())
}

// recordCat makes a log of what a plain cat prints.
func recordCat(b *testing.B, server *remotetest.Server, file string) error {
	shell, err := sshrun.New(sshrun.Options{}).Dial(b.Context(), server.Target())
	if err != nil {
		return err
	}
	defer shell.Close()
	r := newRecording()
	_, err = shell.Run(b.Context(), "cat "+file, nil, &recordingWriter{recording: r}, io.Discard)
	return errors.Join(err, r.end())
}

// recordingWriter gives what it is written to the log.
type recordingWriter struct {
	*recording
	offset int64
}

// Write takes the next bytes of stdout.
func (w *recordingWriter) Write(p []byte) (int, error) {
	err := w.Data(remote.Out, w.offset, p, time.Now())
	w.offset += int64(len(p))
	return len(p), err
}

func seconds(b *testing.B, do func() error) float64 {
	b.Helper()
	begun := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun).Seconds()
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
