package remote

import (
	"context"
	"crypto/rand"
)

// Vacate removes what this package keeps in the job's Dir, and Dir itself if
// nothing else is in it: what a job leaves that takes its resource off the
// server. With it goes the note that the job has run, so it is for a job of
// which a second run has nothing left to do. Vacating nothing is not an error.
//
// Conflict if a job is alive in Dir; a *[HeldError] if a later deployment's has
// been. The other errors are as Follow's.
func Vacate(ctx context.Context, shell Shell, job Job) error {
	if err := check(job); err != nil {
		return err
	}
	nonce := rand.Text()
	return answer(ctx, shell, nonce, head(job, nonce)+bare(vacateText), remover{})
}
