// Package prepare makes everything that the local cloud needs: an emulator, the
// CDK's command line, the functions and the CDK app. It makes nothing outside of
// the checkout, and it does not repeat a step whose inputs are unchanged.
package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"waybill/localstack/progress"
)

// Step makes one output, such as a program or a virtual environment.
type Step struct {
	// Name is the name of the output, for people.
	Name string
	// Inputs are the files and folders below the checkout that the output is made
	// from. Key has its other dependencies, such as a version.
	Inputs []string
	Key    string
	// Output is the absolute path of a file or folder that the step makes.
	Output string
	// Make makes the output and writes the tools' messages to log.
	Make func(ctx context.Context, log *bytes.Buffer) error
}

// Options say where to work and where to report.
type Options struct {
	// Root is the checkout.
	Root string
	Say  progress.Say
}

// Run runs every step whose stamp is missing or belongs to other inputs. The
// steps of a lane run in order, the lanes at the same time. The first failure
// ends all lanes; its error has the end of the tool's output.
func Run(ctx context.Context, opts Options, lanes ...[]Step) error {
	m := &maker{opts: opts, begun: map[string]time.Time{}}
	todo, err := m.stale(lanes)
	if err != nil || len(todo) == 0 {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	var beat, work sync.WaitGroup
	beat.Go(func() { progress.Beat(done, func(time.Duration) { m.tell() }) })
	failures := make([]error, len(todo))
	for i, lane := range todo {
		work.Go(func() {
			if failures[i] = m.lane(ctx, lane); failures[i] != nil {
				cancel()
			}
		})
	}
	work.Wait()
	close(done)
	beat.Wait()
	return first(failures)
}

// first returns the failure that ended the other lanes, not the cancellations
// that it caused.
func first(failures []error) error {
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(failures...)
}

// maker is one call of Run.
type maker struct {
	opts  Options
	mutex sync.Mutex
	begun map[string]time.Time // start of each running step, by name
}

// ready is a step that has to run, with the stamp that it gets afterwards.
type ready struct {
	Step
	stamp string
}

func (m *maker) stale(lanes [][]Step) ([][]ready, error) {
	var todo [][]ready
	for _, lane := range lanes {
		var steps []ready
		for _, step := range lane {
			stamp, err := digest(m.opts.Root, step)
			if err != nil {
				return nil, err
			}
			if !m.made(step, stamp) {
				steps = append(steps, ready{step, stamp})
			}
		}
		if len(steps) > 0 {
			todo = append(todo, steps)
		}
	}
	return todo, nil
}

func (m *maker) lane(ctx context.Context, steps []ready) error {
	for _, step := range steps {
		if err := m.make(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) make(ctx context.Context, step ready) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begun := m.begin(step.Name)
	// Without its stamp, a step that is interrupted runs again next time.
	if err := os.Remove(m.stampFile(step.Step)); err != nil && !os.IsNotExist(err) {
		return err
	}
	var log bytes.Buffer
	err := step.Make(ctx, &log)
	m.end(step.Name)
	if err == nil {
		_, err = os.Stat(step.Output)
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", step.Name, errors.Join(err, ctx.Err()), tail(log.String()))
	}
	m.opts.Say(fmt.Sprintf("  made   %s in %.1f s", step.Name, time.Since(begun).Seconds()))
	return m.stamp(step)
}

func (m *maker) begin(name string) time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := time.Now()
	m.begun[name] = now
	return now
}

func (m *maker) end(name string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.begun, name)
}

// tell prints the running steps and their times.
func (m *maker) tell() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var names []string
	for name, begun := range m.begun {
		names = append(names, fmt.Sprintf("%s (%.0f s)", name, time.Since(begun).Seconds()))
	}
	slices.Sort(names)
	m.opts.Say("  making " + strings.Join(names, ", "))
}

func (m *maker) made(step Step, stamp string) bool {
	said, err := os.ReadFile(m.stampFile(step))
	if err != nil || string(said) != stamp {
		return false
	}
	_, err = os.Stat(step.Output)
	return err == nil
}

func (m *maker) stamp(step ready) error {
	file := m.stampFile(step.Step)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(step.stamp), 0o644)
}

func (m *maker) stampFile(step Step) string {
	return filepath.Join(m.opts.Root, ".local", "stamps", strings.ReplaceAll(step.Name, " ", "-"))
}

func tail(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-3000):]
}
