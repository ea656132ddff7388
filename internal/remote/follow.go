package remote

import "context"

// Follow starts the job on the server, or finds it there, and gives the sink
// everything from the offsets on until the job has ended and all was given.
func Follow(ctx context.Context, shell Shell, job Job, from Offsets, sink Sink) (End, error) {
	return End{}, nil
}

// Remove removes the job's spool from the server.
func Remove(ctx context.Context, shell Shell, job Job) error { return nil }
