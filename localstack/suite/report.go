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

// report reads events and keeps the output of the tests that still run.
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

// tell prints the running test if no package has ended since the last call.
func (r *report) tell(after time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.said {
		running := slices.Sorted(maps.Keys(r.running))
		what := "building or between tests"
		if len(running) > 0 {
			// The name of a subtest sorts after its parent's, so the last is innermost.
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

// figure begins a line of a test's output that the report shows even if the
// test passes.
const figure = "figure: "

func (r *report) closeTest(e event, key string) {
	switch e.Action {
	case "pass":
		r.summary.Passed++
		r.passed[e.Package]++
	case "skip":
		r.summary.Skipped = append(r.summary.Skipped, Skip{
			Test: short(e.Package) + " " + e.Test, Reason: reason(r.text(key).String()),
		})
	case "fail":
		r.failed[e.Package]++
		r.fail(short(e.Package)+" "+e.Test, r.text(key).String())
	}
}

// fail prints a test that failed, and keeps it for the summary.
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
		fmt.Fprintf(r.out, "ok   %-40s %6.1f s  %d passed\n",
			short(e.Package), e.Elapsed, r.passed[e.Package])
	}
}

// unfinished reports the package's tests that began and did not end, for
// example after a panic or a time-out. Their output may show the reason.
func (r *report) unfinished(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(r.running)) {
		if strings.HasPrefix(key, pkg+" ") {
			r.failed[pkg]++
			r.fail(short(key)+" did not end", r.text(key).String())
			delete(r.running, key)
		}
	}
}

// abandon closes the packages that go test left open because it was ended.
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

// reason returns the message of a skipped test: its last line that is not the
// test runner's own, without the file and line number in front.
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

// own returns the lines of a test's output that are not the test runner's.
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
