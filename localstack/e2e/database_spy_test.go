package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// spy collects the texts that any user of this machine or any reader in Waybill
// can see while tests run, and knows the secrets that must be in none of them. A
// nil spy does nothing.
type spy struct {
	mu      sync.Mutex
	secrets map[string]string // name by secret
	seen    map[string]string // place by text
}

// watch returns a spy that reads the command line of every process until the test
// ends.
func watch(t *testing.T) *spy {
	t.Helper()
	s := &spy{secrets: map[string]string{}, seen: map[string]string{}}
	end := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		// The processes of a step live longer than the 50 ms between two looks.
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			s.look()
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	})
	t.Cleanup(func() { close(end); looking.Wait() })
	return s
}

// The places at which the spy sees command lines.
const (
	onMachine   = "a command line"
	inContainer = "a command line in a container"
)

// look notes the command line of every process, as ps shows it. It recognises
// processes of containers by their PID namespace.
func (s *spy) look() {
	own, _ := os.Readlink("/proc/self/ns/pid")
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		// A process that has just ended has no command line.
		text, err := os.ReadFile(line)
		if err != nil || len(text) == 0 {
			continue
		}
		place := onMachine
		if space, err := os.Readlink(filepath.Join(filepath.Dir(line), "ns/pid")); err == nil &&
			space != own {
			place = inContainer
		}
		s.note(place, string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
	}
}

// note keeps a text and the place where it was seen.
func (s *spy) note(place, text string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[text] = place
}

// hide gives the spy a secret. The spy also looks for it in earlier texts.
func (s *spy) hide(name, secret string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[secret] = name
}

// wantNothing checks that no secret is visible in any form: not in the texts that
// the spy saw, not in anything that Waybill keeps, and not in the files of a
// folder on the server. The folder may be "".
func (s *spy) wantNothing(t *testing.T, w *world, folder string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	hidden := map[string][]string{}
	var masks []string
	for secret, name := range s.secrets {
		hidden[name] = forms(secret)
		for _, form := range forms(secret) {
			masks = append(masks, form, "(a secret)")
		}
	}
	mask := strings.NewReplacer(masks...)
	search := func(place string, content []byte) {
		for name, all := range hidden {
			if !slices.ContainsFunc(all, func(form string) bool {
				return bytes.Contains(content, []byte(form))
			}) {
				continue
			}
			masked := mask.Replace(string(content))
			i := strings.Index(masked, "(a secret)")
			t.Errorf("%s holds %s: …%s…", place, name, masked[max(0, i-60):min(len(masked), i+60)])
		}
	}
	for text, place := range s.seen {
		search(place, []byte(text))
	}
	w.eachKept(t, search)
	if folder != "" {
		eachFile(t, folder, func(path string, _ fs.FileInfo, content []byte) {
			search("the file "+path, content)
		})
	}
	s.checkSight(t)
}

// checkSight checks that the spy works: it must have seen the docker client and
// processes of containers.
func (s *spy) checkSight(t *testing.T) {
	t.Helper()
	if len(s.secrets) == 0 {
		t.Error("the spy knows no secret")
	}
	client, contained := false, false
	for text, place := range s.seen {
		client = client || place == onMachine && strings.Contains(text, "docker compose")
		contained = contained || place == inContainer
	}
	if !client || !contained {
		t.Errorf("among the %d texts that the spy saw: docker compose %t, a process of a container %t",
			len(s.seen), client, contained)
	}
	fmt.Printf("figure: %d secrets, each in %d forms, in none of %d command lines, logs and answers\n",
		len(s.secrets), len(forms("secret")), len(s.seen))
}

// eachFile calls look with every file below a folder. It ignores files that
// disappear meanwhile: a job that has ended may still be removing its files.
func eachFile(t *testing.T, folder string, look func(path string, info fs.FileInfo, content []byte)) {
	t.Helper()
	read := func(path string, entry fs.DirEntry) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			look(path, info, content)
		}
		return err
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			err = read(path, entry)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
