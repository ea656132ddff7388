package remote

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"strings"
)

// Clear removes the job's Dir once nothing is to run there any more: with all
// that is in it if whole is set, and otherwise the job's Files and what this
// package keeps there, so that what others have put there stays. left says that
// there was such. Clearing nothing is not an error.
//
// Conflict if a job is alive there; a *[HeldError] if a later deployment than
// the job's has been; Invalid if the server does not let it go. The other
// errors are as Follow's.
func Clear(ctx context.Context, shell Shell, job Job, whole bool) (left bool, err error) {
	if err := check(job); err != nil {
		return false, err
	}
	var cleared cleared
	nonce := rand.Text()
	err = answer(ctx, shell, nonce, clearScript(job, nonce, whole), &cleared)
	return cleared.left, err
}

func clearScript(job Job, nonce string, whole bool) string {
	job.Dir = path.Clean(job.Dir)
	var drop strings.Builder
	for _, file := range job.Files {
		// What lies elsewhere may be another's as well.
		if name := absolute(job.Dir, file.Path); strings.HasPrefix(name, job.Dir+"/") {
			fmt.Fprintf(&drop, "\tforget %s\n", quote(name))
		}
	}
	flag := 0
	if whole {
		flag = 1
	}
	return head(job, nonce) + fmt.Sprintf("whole=%d\ndrop() {\n\t:\n%s}\n", flag, drop.String()) + bare(clearText)
}

// cleared takes the frames of a clearing.
type cleared struct{ left bool }

func (*cleared) bytes(part, []byte) error { return errGarbled }

func (c *cleared) line(kind byte, words []string) error {
	switch {
	case kind == 'H':
		return nil
	case kind == 'D' && len(words) == 1:
		c.left = words[0] == "1"
		return errEnded
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}
