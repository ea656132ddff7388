package remote_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
)

func TestServersThatCannotRunTheJob(t *testing.T) {
	refused := func(t *testing.T, shell remote.Shell, j remote.Job, want string) {
		t.Helper()
		_, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, &tape{})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want Invalid with %q", err, want)
		}
	}
	t.Run("for want of a tool", func(t *testing.T) {
		refused(t, local{env: []string{"PATH=" + without(t, "flock")}}, job(folder(t), "true"),
			"flock is missing (install util-linux)")
		refused(t, local{env: []string{"PATH=" + without(t, "setsid")}}, job(folder(t), "true"),
			"setsid is missing (install util-linux)")
	})
	t.Run("for want of room on the disk", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, "true")
		if err := errors.Join(os.MkdirAll(j.Spool, 0o700),
			os.Symlink("/dev/full", filepath.Join(j.Spool, "pid.new"))); err != nil {
			t.Fatal(err)
		}
		refused(t, local{}, j, "its disk is full")
	})
	t.Run("for want of the right to write", func(t *testing.T) {
		dir := folder(t)
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		shell := local{}
		if os.Geteuid() == 0 {
			shell.user = 65534 // the user nobody, because root may write everywhere
		}
		refused(t, shell, job(dir, "true"), "its user may not write to the data directory")
	})
	t.Run("where a file is in the way", func(t *testing.T) {
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, "runs"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, local{}, job(dir, "true"), "the data directory cannot be used")
	})
	t.Run("where a directory is in the way", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, "true")
		j.Files = []remote.File{{Path: "here"}}
		if err := os.MkdirAll(filepath.Join(dir, "app/here"), 0o700); err != nil {
			t.Fatal(err)
		}
		refused(t, local{}, j, "a directory is where a file belongs")
	})
	t.Run("whose login shell runs nothing", func(t *testing.T) {
		refused(t, said{text: "This account is currently not available.\n", exit: 1}, job(folder(t)),
			"its login shell runs no commands (exit code 1)")
	})
	t.Run("that talk without end", func(t *testing.T) {
		refused(t, said{text: strings.Repeat("Welcome! ", 1<<18)}, job(folder(t)),
			"what its shell prints makes no sense")
	})
	t.Run("with folders that are none", func(t *testing.T) {
		for _, j := range []remote.Job{{}, {Spool: "/a/b"}, {Spool: "relative", Dir: "/a"},
			{Spool: "/", Dir: "/a"}, {Spool: "/a\x00", Dir: "/a"},
			{Spool: "/a", Dir: "/b", Files: []remote.File{{}}},
			{Spool: "/a", Dir: "/b", Files: []remote.File{{Path: "."}}},
			{Spool: "/a", Dir: "/b", Folder: "/c", Files: []remote.File{{Path: "/c/d/../file"}}},
			{Spool: "/a", Dir: "/b", Folder: "/c/", Files: []remote.File{{Path: "../c"}}},
			{Spool: "/a", Dir: "/b", EnvironmentFile: "\x00"}} {
			refused(t, said{}, j, "")
			if err := remote.Remove(t.Context(), said{},
				remote.Job{Spool: j.Spool}); !errors.Is(err, fault.Invalid) {
				t.Errorf("Remove: %v, want Invalid", err)
			}
		}
	})
}

// without returns a PATH with every tool except one.
func without(t *testing.T, tool string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"sh", "flock", "setsid", "base64", "stat", "mkfifo", "head", "dd", "date",
		"cat", "mv"} {
		path := need(t, name)
		if name == tool {
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUnusualServers(t *testing.T) {
	t.Run("noise before the first frame and another language change nothing", func(t *testing.T) {
		server := remotetest.Start(t, remotetest.Options{Noise: "\nH\nX 0 1 2 3 0\nmotd",
			Environment: []string{"LC_ALL=de_DE.UTF-8", "LANGUAGE=de", "POSIXLY_CORRECT=1"}})
		end, tape := follow(t, dial(t, server), job(folder(t), "echo $LC_ALL", "exit 4"))
		if end.ExitCode != 4 || tape.out.String() != "de_DE.UTF-8\n" {
			t.Errorf("%+v %q", end, tape.out.String())
		}
	})
	t.Run("one that falls silent is unavailable after 20 s", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begun, tape := time.Now(), &tape{}
			_, err := remote.Follow(t.Context(), said{text: "motd", hang: true}, job("/a"), remote.Offsets{},
				tape)
			if took := time.Since(begun); !errors.Is(err, fault.Unavailable) || took < 20*time.Second ||
				took > 21*time.Second {
				t.Errorf("%v after %s", err, took)
			}
			if tape.ticks < 20 {
				t.Errorf("%d ticks meanwhile, want one at least every second", tape.ticks)
			}
		})
	})
	t.Run("a slow sink is not taken for a silent server", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tape := &tape{fail: func(string) error { time.Sleep(time.Minute); return nil }}
			_, err := remote.Follow(t.Context(), said{text: "\nNONCE\n", repeat: "H\n"}, job("/a"),
				remote.Offsets{}, tape)
			if errors.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		})
	})
	t.Run("one whose session is killed is unavailable", func(t *testing.T) {
		if _, err := remote.Follow(t.Context(), said{exit: 137}, job("/a"), remote.Offsets{},
			&tape{}); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%v, want Unavailable", err)
		}
	})
}

// said is a shell that ignores its script and prints a text.
type said struct {
	text   string
	exit   int
	hang   bool   // then print nothing more, and never end
	repeat string // then print this every two seconds, for a minute
}

func (s said) Run(ctx context.Context, _ string, _ []string, stdout, _ io.Writer) (int, error) {
	if _, err := io.WriteString(stdout, s.text); err != nil {
		return 0, err
	}
	for range 30 {
		if s.repeat == "" {
			break
		}
		time.Sleep(2 * time.Second)
		if _, err := io.WriteString(stdout, s.repeat); err != nil {
			return 0, err
		}
	}
	if s.hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return s.exit, nil
}

func (said) Close() error { return nil }
