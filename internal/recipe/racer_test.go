package recipe_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// swap replaces a folder by a link and puts it back, again and again, until done is
// closed.
func swap(done <-chan struct{}, at, to string) {
	link, aside := at+".link", 0
	for {
		select {
		case <-done:
			return
		default:
		}
		// A job that removes the link leaves a folder in its place.
		if info, err := os.Lstat(link); err == nil && info.IsDir() {
			aside++
			_ = os.Rename(link, fmt.Sprint(at, ".aside", aside))
		}
		_ = os.Symlink(to, link)
		for range 2 {
			const exchange = 2 // RENAME_EXCHANGE of renameat2(2)
			_ = unix.Renameat2(unix.AT_FDCWD, at, unix.AT_FDCWD, link, exchange)
		}
	}
}

// TestP12RacedLinksAreNotFollowed puts links in place and removes them while a job
// runs, as a container may. The job may fail, but must not write through a link.
func TestP12RacedLinksAreNotFollowed(t *testing.T) {
	u := newUpstream(t)
	var commits []string
	for i := range 2 {
		files := map[string]string{"docker-compose.yaml": "services: {}"}
		for n := range 50 {
			files[fmt.Sprintf("conf/%d", n)] = fmt.Sprint(i)
			files[fmt.Sprintf("conf/only%d/%d", i, n)] = fmt.Sprint(i)
		}
		if i == 1 {
			u.git("rm", "--quiet", "-r", "conf")
		}
		commits = append(commits, u.commit(fmt.Sprint(i), files))
	}
	for _, at := range []string{"source/conf", "source"} {
		t.Run(at, func(t *testing.T) {
			b := newBuilder(t,
				composeApp(func(form *catalog.ComposeSource) { form.Repository, form.Branch = u.dir, "" }))
			b.run(deployment.Deploy, deployment.Options{Commit: commits[0]})
			dir := t.TempDir()
			for n := range 50 {
				for _, name := range []string{"%d", "conf/%d", "only1/%d", "conf/only1/%d"} {
					name = filepath.Join(dir, fmt.Sprintf(name, n))
					if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
						t.Fatal(err)
					}
					if n%2 == 1 { // half of the names do not exist
						continue
					}
					if err := os.WriteFile(name, []byte("of the server"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			before := listing(t, dir)
			done := make(chan struct{})
			var together sync.WaitGroup
			together.Go(func() { swap(done, b.file(at), dir) })
			failed := 0
			for i := range 4 {
				if r := b.run(deployment.Deploy,
					deployment.Options{Commit: commits[(i+1)%2]})[0]; r.exit != 0 {
					failed++
				}
			}
			close(done)
			together.Wait()
			t.Logf("%d of 4 deployments failed", failed)
			if after := listing(t, dir); after != before {
				t.Errorf("outside has become\n%s, it was\n%s", after, before)
			}
		})
	}
}
