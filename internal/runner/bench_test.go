package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/memory"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
	"waybill/internal/runner"
)

// childVariable makes this test binary one runner, or one reader, in a process
// of its own: the memory of a process is only its own if nothing else is in it.
const childVariable = "WAYBILL_BENCH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := child(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work is what a child does: it runs the script on the target, or, without
// one, reads a page after the order.
type work struct {
	Target  remote.Target
	DataDir string
	Archive string
	Script  string
	Mark    logbook.Mark
	After   logbook.Order
}

// result is what a child measured. Peak is the most memory that it had
// resident, in bytes.
type result struct {
	Peak int64
	Mark logbook.Mark
	Took time.Duration
}

func child(in io.Reader, out io.Writer) error {
	var w work
	if err := json.NewDecoder(in).Decode(&w); err != nil {
		return err
	}
	begun := time.Now()
	mark, err := w.do()
	if err != nil {
		return err
	}
	took := time.Since(begun)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(peak)[0], 10, 64)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result{Peak: kib << 10, Mark: mark, Took: took})
}

func (w work) do() (logbook.Mark, error) {
	ctx := context.Background()
	archive := diskArchive(w.Archive)
	if w.Script == "" {
		page, err := logbook.Read(ctx, logbook.Log{Book: "log", Archive: archive}, w.Mark, logbook.Query{
			After: w.After, Limit: logbook.MaxLimit,
		})
		if err == nil && len(page.Lines) == 0 {
			err = errors.New("the page is empty")
		}
		return w.Mark, err
	}
	ports, id, err := w.claimed(ctx, archive)
	if err != nil {
		return logbook.Mark{}, err
	}
	if err := runner.New(ports, runner.Options{}).Run(ctx, id, "bench"); err != nil {
		return logbook.Mark{}, err
	}
	record, err := ports.Ledger.(deployment.History).Get(ctx, id)
	if err == nil && record.Status != deployment.Finished {
		err = fmt.Errorf("the deployment is %s: %s", record.Status, record.Outcome.Reason)
	}
	return record.Progress.Log, err
}

// claimed is a claimed deployment of an application with the script.
func (w work) claimed(ctx context.Context, archive logbook.Rewriter) (runner.Ports, deployment.ID, error) {
	m := memory.New(memory.Options{})
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}}
	server := &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000001"},
		Address: w.Target.Address, Port: w.Target.Port,
		User: w.Target.User, HostKey: w.Target.HostKey, KeyID: key.ID, DataDir: w.DataDir, Concurrency: 1,
		QueueLimit: 1}
	app := &catalog.Application{Shell: &catalog.Shell{Start: w.Script}, Resource: catalog.Resource{
		Meta: catalog.Meta{ID: "app000000000000000000001"}, ServerID: server.ID,
		Environment: []catalog.Variable{{Name: "PASSWORD", Secret: true}}}}
	for _, entity := range []catalog.Entity{key, server, app} {
		if err := m.Catalog().Create(ctx, entity, audit.Entry{}); err != nil {
			return runner.Ports{}, "", err
		}
	}
	err := errors.Join(
		m.SetSecrets(ctx, key.ID, map[string]string{catalog.PrivateKeySecret: w.Target.PrivateKey}),
		m.SetSecrets(ctx, app.ID, map[string]string{"PASSWORD": "correct-horse-battery-staple"}))
	if err != nil {
		return runner.Ports{}, "", err
	}
	receipt, err := deployment.NewRequests(m.Catalog(), m.Ledger(), deployment.RequestsOptions{}).
		Request(ctx, deployment.Request{Resource: app.ID, Operation: deployment.Start})
	if err != nil {
		return runner.Ports{}, "", err
	}
	_, err = m.Ledger().Claim(ctx, server.ID, time.Now().UTC())
	return runner.Ports{Store: m.Catalog(), Vault: m.Vault(), Ledger: ledger{m.Ledger(), m.History()},
		History: m.History(), Archive: archive, Index: m.Index(),
		Dialer: sshrun.New(sshrun.Options{}), Sender: m.Sender()}, receipt.Record.ID, err
}

// ledger lets the child find its record again.
type ledger struct {
	deployment.Ledger
	deployment.History
}

// BenchmarkMemory prints the memory that a runner has resident while a job
// prints 1 GiB, and that a reader has for one page of its log.
func BenchmarkMemory(b *testing.B) {
	ssh := remotetest.Best(b)
	archive := b.TempDir()
	for b.Loop() {
		wrote := spawn(b, work{Target: ssh.Target(), DataDir: b.TempDir(), Archive: archive,
			Script: `yes "$(printf 'web-1  | 2026-01-02T03:04:05Z GET /items/4711 200 %040d' 7)" |
	head -c 1073741824`})
		read := spawn(b, work{Archive: archive, Mark: wrote.Mark, After: wrote.Mark.Index.Before.Last})
		b.ReportMetric(float64(wrote.Peak)/(1<<20), "runner-MiB")
		b.ReportMetric(float64(read.Peak)/(1<<20), "reader-MiB")
		b.ReportMetric(float64(wrote.Mark.At.Out)/(1<<20)/wrote.Took.Seconds(), "MiB/s")
		b.ReportMetric(float64(read.Took.Milliseconds()), "page-ms")
		if err := diskArchive(archive).Remove(b.Context(), "log"); err != nil {
			b.Fatal(err)
		}
	}
}

func spawn(b *testing.B, w work) result {
	b.Helper()
	input, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"=1")
	command.Stdin = bytes.NewReader(input)
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		b.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(said, &r); err != nil {
		b.Fatal(err)
	}
	return r
}

// diskArchive keeps the chunks of one log as files in a folder, whatever the
// book's name: an archive in memory would be measured with the runner.
type diskArchive string

func (d diskArchive) path(number int, kind string) string {
	return filepath.Join(string(d), fmt.Sprintf("%06d.%s", number, kind))
}

func (d diskArchive) Put(_ context.Context, _ logbook.Book, chunk logbook.Chunk) error {
	header, err := json.Marshal(chunk.Header)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path(chunk.Number, "gz"), chunk.Body, 0o600); err != nil {
		return err
	}
	return os.WriteFile(d.path(chunk.Number, "json"), header, 0o600)
}

func (d diskArchive) Open(
	ctx context.Context, book logbook.Book, number int,
) (logbook.Header, io.ReadCloser, error) {
	header, err := d.Head(ctx, book, number)
	if err != nil {
		return header, nil, err
	}
	body, err := os.Open(d.path(number, "gz"))
	return header, body, err
}

func (d diskArchive) Head(_ context.Context, _ logbook.Book, number int) (logbook.Header, error) {
	var header logbook.Header
	text, err := os.ReadFile(d.path(number, "json"))
	if errors.Is(err, os.ErrNotExist) {
		return header, fault.New(fault.NotFound, "no chunk %d", number)
	}
	if err != nil {
		return header, err
	}
	return header, json.Unmarshal(text, &header)
}

func (diskArchive) Replace(context.Context, logbook.Book, logbook.Chunk, logbook.Header) error {
	return errors.New("nothing here rewrites a log")
}

func (diskArchive) Purge(context.Context, logbook.Book) error { return nil }

func (d diskArchive) Remove(context.Context, logbook.Book) error {
	files, err := filepath.Glob(d.path(0, "*")[:len(d)+1] + "*")
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}
