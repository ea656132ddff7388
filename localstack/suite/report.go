package suite

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// report reads events and keeps the output of what is still running.
type report struct {
	out     io.Writer
	mutex   sync.Mutex
	running map[string]bool             // tests, by package and test
	said    bool                        // since the last tell
	output  map[string]*strings.Builder // by package, or package and test
	passed  map[string]int              // by package
	failed  map[string]int
	summary Summary
}

func newReport(out io.Writer) *report {
	return &report{out: out, running: map[string]bool{}, output: map[string]*strings.Builder{},
		passed: map[string]int{}, failed: map[string]int{}}
}

func (r *report) read(said io.Reader) error {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

// tell says what goes on, where nothing else was said for a while.
func (r *report) tell(after time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.said {
		running := slices.Sorted(maps.Keys(r.running))
		what := "building or between tests"
		if len(running) > 0 {
			// The last in order is the innermost of its test's parts.
			what = short(running[len(running)-1])
		}
		fmt.Fprintf(r.out, "     %.0f s, %d passed, now %s\n", after.Seconds(), r.summary.Passed, what)
	}
	r.said = false
}

func (r *report) take(e event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	key := e.Package + " " + e.Test
	switch e.Action {
	case "run":
		r.running[key] = true
	case "output":
		r.text(key).WriteString(e.Output)
		if said, ok := strings.CutPrefix(e.Output, figure); ok {
			fmt.Fprint(r.out, "     "+said)
		}
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.closePackage(e)
		} else {
			r.closeTest(e, key)
		}
		delete(r.output, key)
		delete(r.running, key)
	}
}

// figure begins a line that a test prints for whoever reads the report, also
// when it passes.
const figure = "figure: "

func (r *report) closeTest(e event, key string) {
	switch e.Action {
	case "pass":
		r.summary.Passed++
		r.passed[e.Package]++
	case "skip":
		r.summary.Skipped = append(r.summary.Skipped, Skip{Test: short(e.Package) + " " + e.Test, Reason: reason(r.text(key).String())})
	case "fail":
		r.failed[e.Package]++
		r.fail(short(e.Package)+" "+e.Test, r.text(key).String())
	}
}

// fail tells of a test that failed, and keeps it for the end.
func (r *report) fail(test, said string) {
	r.summary.Failed = append(r.summary.Failed, Failure{Test: test, Said: said})
	fmt.Fprintf(r.out, "FAIL %s\n%s", test, indent(said))
}

func (r *report) closePackage(e event) {
	r.said = true
	r.unfinished(e.Package)
	switch {
	case e.Action == "fail":
		text := r.text(e.Package + " ").String()
		if strings.TrimSpace(text) != "" {
			fmt.Fprint(r.out, indent(text))
		}
		if r.failed[e.Package] == 0 {
			// It did not build, or its TestMain failed.
			r.summary.Failed = append(r.summary.Failed, Failure{Test: short(e.Package), Said: text})
		}
		fmt.Fprintf(r.out, "FAIL %-40s %6.1f s\n", short(e.Package), e.Elapsed)
	case r.passed[e.Package] > 0:
		fmt.Fprintf(r.out, "ok   %-40s %6.1f s  %d passed\n", short(e.Package), e.Elapsed, r.passed[e.Package])
	}
}

// unfinished tells of the package's tests that began and did not end, as after
// a panic or a time-out: what they said may be the reason.
func (r *report) unfinished(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(r.running)) {
		if strings.HasPrefix(key, pkg+" ") {
			r.failed[pkg]++
			r.fail(short(key)+" did not end", r.text(key).String())
			delete(r.running, key)
		}
	}
}

// abandon closes the packages that go test did not, because it was ended itself.
func (r *report) abandon() {
	for _, key := range slices.Sorted(maps.Keys(r.running)) {
		if r.running[key] {
			pkg, _, _ := strings.Cut(key, " ")
			r.closePackage(event{Action: "fail", Package: pkg})
		}
	}
}

func (r *report) text(key string) *strings.Builder {
	if r.output[key] == nil {
		r.output[key] = &strings.Builder{}
	}
	return r.output[key]
}

// reason is what a skipped test said: its last line that is not the test
// runner's own, without the file and line in front.
func reason(output string) string {
	lines := own(output)
	if len(lines) == 0 {
		return "no reason given"
	}
	last := strings.TrimSpace(lines[len(lines)-1])
	if _, said, found := strings.Cut(last, ".go:"); found {
		_, last, _ = strings.Cut(said, ": ")
	}
	return last
}

// own are the lines of a test's output that are not the test runner's.
func own(output string) []string {
	var lines []string
	for line := range strings.SplitSeq(output, "\n") {
		bare := strings.TrimSpace(line)
		if bare != "" && !strings.HasPrefix(bare, "---") && !strings.HasPrefix(bare, "===") {
			lines = append(lines, line)
		}
	}
	return lines
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "waybill/") }

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}
