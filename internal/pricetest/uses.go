package pricetest

import "time"

// Memory of the functions, in GB, as infra/functions.go has it.
const (
	runnerMemory   = 0.25
	dispatchMemory = 0.25
	deployMemory   = 0.25
	showMemory     = 0.5
)

// How long the functions take that do not wait for a server. Nothing here counts them, because an
// emulator says nothing of Lambda's time.
const (
	requestTakes  = 100 * time.Millisecond
	dispatchTakes = 100 * time.Millisecond
	// connectTakes is the time of a runner without the job: its start, the connection and the end.
	connectTakes = time.Second
)

// Counted has the counts of the tests for a kind of deployment.
type Counted struct {
	// Chunks are objects of the log, and Progress the write units of the runner's progress, its
	// leases and the notes of a reader.
	Chunks, Progress int
	// Looks are reads of the record by the runner, for a cancel and for a reader.
	Looks int
	// Runners is how often a runner was called, and Busy how long all of them ran.
	Runners int
	Busy    time.Duration
	// Followed is how long a reader waited for the log.
	Followed time.Duration
}

// The kinds of deployments, as tests count them. The end-to-end test of costs counts Short and
// Around; a test of package runner counts the others in virtual time, at the ports.
var (
	// Short prints 30 lines over 20 s, without a reader.
	Short = Counted{Chunks: 5, Progress: 9, Looks: 6, Runners: 1, Busy: 20 * time.Second}
	// ShortFollowed prints for 20 s, while a reader follows.
	ShortFollowed = Counted{Chunks: 19, Progress: 28, Runners: 1, Busy: 20 * time.Second,
		Followed: 20 * time.Second}
	// Long takes 30 minutes, without output and without a reader.
	Long = Counted{Chunks: 2, Progress: 127, Looks: 28, Runners: 60, Busy: 90 * time.Second}
	// LongFollowed prints for 30 minutes, while a reader follows.
	LongFollowed = Counted{Chunks: 380, Progress: 657, Looks: 708, Runners: 1, Busy: 30 * time.Minute,
		Followed: 30 * time.Minute}
)

// Around has the counts of the end-to-end test without chunks and progress: of the record, the queue,
// the resource, the feed and the measurement of the server, from the request to the expiry.
var Around = Use{WriteUnits: 29, ReadUnits: 19, ObjectWrites: 1, ObjectReads: 3, Events: 3,
	APIRequests: 1,
	// deploy, and dispatch for the three changes of the status and the expiry.
	Invocations: 1 + 4, GigabyteSeconds: requestTakes.Seconds()*deployMemory +
		4*dispatchTakes.Seconds()*dispatchMemory}

// Use returns the use of AWS by a deployment of the kind.
func (c Counted) Use() Use {
	runners := float64(c.Runners)
	// A runner reads the record with the resource's key, and the secrets: of the server and of the
	// resource. Each message is sent, received, kept hidden and deleted.
	u := Around.Plus(Use{ReadUnits: 2, QueueRequests: 4, KeyRequests: 2, Invocations: 1}.Times(runners))
	u.WriteUnits += float64(c.Progress)
	u.ReadUnits += float64(c.Looks)
	u.ObjectWrites += float64(c.Chunks)
	u.GigabyteSeconds += (c.Busy + connectTakes).Seconds() * runnerMemory
	// The message is kept hidden again every 10 s.
	u.QueueRequests += c.Busy.Seconds() / 10
	if c.Followed > 0 {
		// A request is answered with each chunk, or after 20 s without one.
		reads := max(float64(c.Chunks), c.Followed.Seconds()/20)
		u = u.Plus(Use{APIRequests: reads, Invocations: reads, ReadUnits: 2 * reads, ObjectReads: reads,
			GigabyteSeconds: c.Followed.Seconds() * showMemory})
	}
	return u
}
