package remote

import (
	"context"
	"crypto/rand"
)

// Vacate removes the files that this package keeps in the job's Dir, and then
// Dir and Folder if they are empty. It is the last act of a job that takes its
// resource off the server. The note that the job has run is among the removed
// files, so a second run of the job must have nothing left to do. It is not an
// error if there is no Dir.
//
// The error is Conflict if a job is alive in Dir, and a *[HeldError] if a later
// deployment's job has been there. The other errors are as Follow's.
func Vacate(ctx context.Context, shell Shell, job Job) error {
	if err := check(job); err != nil {
		return err
	}
	nonce := rand.Text()
	return runToLastFrame(ctx, shell, nonce, vacateScript(job, nonce), remover{})
}

func vacateScript(job Job, nonce string) string {
	return scriptHead(job, nonce) + stripComments(vacateText)
}
