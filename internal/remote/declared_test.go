package remote_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/remote"
)

const mask = "::add-mask::"

// texts returns the lines as strings, without duplicates and sorted.
func texts(found remote.Declarations) []string {
	all := []string{}
	for _, line := range found.Lines {
		all = append(all, string(line))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestDeclaredLinesOfAJob(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		j := job(folder(t),
			`echo ::add-mask::one; echo " ::add-mask::no"; printf 'a\0b\r::add-mask::no\n\377::add-mask::no\n'
printf '::add-mask::t\303\274r\0\r\n'; echo ::add-mask::two >&2; printf '::add-mask::not whole'`)
		none, err := remote.Declared(t.Context(), shell, j)
		if err != nil || len(none.Lines) > 0 {
			t.Errorf("before it began: %q, %v", none.Lines, err)
		}
		follow(t, shell, j)
		found, err := remote.Declared(t.Context(), shell, j)
		if err != nil || found.Dropped || found.Cut {
			t.Errorf("%+v, %v", found, err)
		}
		want := []string{"::add-mask::one", "::add-mask::two", "::add-mask::t\u00fcr\x00\r"}
		slices.Sort(want)
		if diff := cmp.Diff(texts(found), want); diff != "" {
			t.Errorf("lines, -got +want:\n%s", diff)
		}
	})
}

// spool returns a job whose spool has this output and keeps that many bytes of
// each head and tail.
func spool(t *testing.T, out, err string, keep int) remote.Job {
	t.Helper()
	j := job(t.TempDir(), "true")
	if err := os.MkdirAll(j.Spool, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(j.Spool, "out"), out)
	write(t, filepath.Join(j.Spool, "err"), err)
	write(t, filepath.Join(j.Spool, "pid"), fmt.Sprintf("4711 1 b00-7 COOKIE 4712 %d\n", keep))
	return j
}

// TestDeclaredLinesAcrossPieces searches in small pieces, so that lines are cut
// at every place.
func TestDeclaredLinesAcrossPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		var out strings.Builder
		want := []string{}
		for out.Len() < 1500 {
			line := strings.Repeat("x", random.IntN(20))
			if random.IntN(2) == 0 {
				line = mask + line
				want = append(want, line)
			}
			out.WriteString(line + "\n")
		}
		slices.Sort(want)
		j := spool(t, out.String(), "", 1<<20)
		found, err := remote.DeclaredIn(t.Context(), local{}, j, 90, 40)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(texts(found), slices.Compact(want)); diff != "" {
			t.Errorf("lines, -got +want:\n%s", diff)
		}
	}
}

func TestDeclaredLinesAroundDroppedOutput(t *testing.T) {
	const keep, gap, size = 64 << 10, 300 << 20, 300<<20 + 64<<10
	head := mask + "head\n" + strings.Repeat("x", keep-len(mask+"head\n\n")) + "\n"
	j := spool(t, head, "", keep)
	out, err := os.OpenFile(filepath.Join(j.Spool, "out"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for at, text := range map[int64]string{gap: mask + "tail\n", gap + 100: "\n" + mask + "later\n",
		size: "\n"} {
		if _, err := out.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(j.Spool, "gap.out"), fmt.Sprintln(gap))
	found, err := remote.Declared(t.Context(), local{}, j)
	if err != nil || !found.Dropped || found.Cut {
		t.Errorf("dropped %t, cut %t, %v; want it said that something was dropped", found.Dropped, found.Cut,
			err)
	}
	if diff := cmp.Diff(texts(found), []string{mask + "head", mask + "later", mask + "tail"}); diff != "" {
		t.Errorf("lines, -got +want:\n%s", diff)
	}
}

func TestDeclaredLinesAreBounded(t *testing.T) {
	var out strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&out, "%s%040d\n", mask, i)
	}
	j := spool(t, out.String(), mask+"not seen\n", 1<<20)
	found, err := remote.Declared(t.Context(), local{}, j)
	if err != nil || !found.Cut || found.Dropped {
		t.Fatalf("cut %t, dropped %t, %v; want it said that there is more", found.Cut, found.Dropped, err)
	}
	size := 0
	for i, line := range found.Lines {
		if want := fmt.Sprintf("%s%040d", mask, i); string(line) != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
		size += len(line)
	}
	if size < remote.MaxDeclaredBytes*9/10 || size > remote.MaxDeclaredBytes {
		t.Errorf("got %d bytes", size)
	}
}

// TestDeclaredLinesComeFirst reads output that was printed while no reader was
// attached: the stream that declares a secret comes before the stream that
// shows it.
func TestDeclaredLinesComeFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		script string
		errAt  int64 // how many bytes of err were read before
		first  string
	}{
		{"out declares", "echo ::add-mask::one; echo one >&2", 0, "out"},
		{"err declares", "echo before >&2; echo ::add-mask::one >&2; echo one", 0, "err"},
		{"both do", "echo ::add-mask::two >&2; echo ::add-mask::one; echo one >&2", 0, "out"},
		{"neither does", "echo ' ::add-mask::one' >&2; echo one", 0, "out"},
		{"err declares in a line of which a part was read", "echo ::add-mask::one >&2; echo one", 14, "err"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := job(folder(t), c.script)
			follow(t, local{}, j)
			var first string
			tape := &tape{from: remote.Offsets{Err: c.errAt}}
			tape.fail = func(event string) error {
				if event == "D" && first == "" {
					first = map[bool]string{true: "out", false: "err"}[tape.out.Len() > 0]
				}
				return nil
			}
			if _, err := remote.Follow(t.Context(), local{}, j, tape.from, tape); err != nil {
				t.Fatal(err)
			}
			if first != c.first {
				t.Errorf("%s came first, want %s", first, c.first)
			}
		})
	}
}
