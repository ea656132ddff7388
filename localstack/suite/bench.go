package suite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bench runs every benchmark of the module. For each benchmark with parts it
// then prints the time of each part divided by the time of the first. Times
// depend on the machine; these ratios hold on most machines.
func Bench(ctx context.Context, root string, out io.Writer) error {
	packages, err := measured(root)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go",
		append([]string{"test", "-run=^$", "-bench=.", "-benchmem"}, packages...)...)
	command.Dir = root
	command.Stderr = out
	said, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	var all Ratios
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		all.Take(lines.Text())
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("go test -bench: %w", err)
	}
	all.Print(out)
	return lines.Err()
}

// measured returns the packages that have benchmarks, as arguments for go.
func measured(root string) ([]string, error) {
	var packages []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root &&
			(strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "\nfunc Benchmark") {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if name := "./" + filepath.ToSlash(folder); !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
		return err
	})
	return packages, err
}

// Ratios compares the parts of benchmarks. The zero value is ready to use.
type Ratios struct {
	first map[string]float64 // ns of a benchmark's first part
	lines []string
}

// result is a line of go test -bench: "BenchmarkName/part-2   100   123.4 ns/op".
var result = regexp.MustCompile(`^(Benchmark[^/\s]+)/(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)

// Take reads one line of go test's output.
func (r *Ratios) Take(line string) {
	match := result.FindStringSubmatch(line)
	if match == nil {
		return
	}
	took, err := strconv.ParseFloat(match[3], 64)
	if err != nil {
		return
	}
	if r.first == nil {
		r.first = map[string]float64{}
	}
	first, known := r.first[match[1]]
	if !known {
		r.first[match[1]] = took
		r.lines = append(r.lines, fmt.Sprintf("%-60s %8s", match[1]+"/"+match[2], "1.00"))
		return
	}
	r.lines = append(r.lines, fmt.Sprintf("%-60s %8.2f", match[1]+"/"+match[2], took/first))
}

// Print writes the ratios.
func (r *Ratios) Print(out io.Writer) {
	if len(r.lines) == 0 {
		return
	}
	fmt.Fprintln(out, "\nTime of each part, the first of its benchmark being 1:")
	for _, line := range r.lines {
		fmt.Fprintln(out, "  "+line)
	}
}
