package deployment

import "waybill/internal/fault"

// Status is the status of a deployment. The API has these five only.
type Status string

// The statuses.
const (
	Queued     Status = "queued"
	InProgress Status = "in_progress"
	Finished   Status = "finished"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled-by-user"
)

// Statuses lists every status, in the order of a deployment's life.
func Statuses() []Status { return []Status{Queued, InProgress, Finished, Failed, Cancelled} }

// Terminal reports whether the status is final.
func (s Status) Terminal() bool { return s == Finished || s == Failed || s == Cancelled }

// To returns nil if a deployment may change from s to next, else Conflict. It is the
// complete state machine; a [Ledger] refuses the same changes.
func (s Status) To(next Status) error {
	allowed := false
	switch s {
	case Queued:
		allowed = next == InProgress || next == Cancelled || next == Failed
	case InProgress:
		allowed = next.Terminal()
	}
	if !allowed {
		return fault.New(fault.Conflict, "A deployment that is %s cannot become %s.", s, next)
	}
	return nil
}

// Reason is why a deployment ended with its status. It is one of a closed set of words.
type Reason string

// The reasons. ReasonNone goes with Finished.
const (
	ReasonNone           Reason = ""
	ReasonExit           Reason = "exit"             // a step exited non-zero
	ReasonSignal         Reason = "signal"           // a step was ended by a signal
	ReasonUnhealthy      Reason = "unhealthy"        // it started, and did not become healthy
	ReasonDocker         Reason = "docker"           // docker did not answer, or refused the user
	ReasonTimeout        Reason = "timeout"          // it ran longer than the resource allows
	ReasonLost           Reason = "lost"             // the job is gone and left no exit code
	ReasonTampered       Reason = "tampered"         // the job's files on the server were removed or changed
	ReasonUnreachable    Reason = "unreachable"      // the server did not answer
	ReasonHostKeyChanged Reason = "host-key-changed" // the server showed another key than the pinned one
	ReasonHostKeyMissing Reason = "host-key-missing" // no key is pinned for the server
	ReasonAccess         Reason = "access"           // the server refused the private key
	ReasonServer         Reason = "server"           // the server lacks a tool, or its disk is full
	ReasonConfiguration  Reason = "configuration"    // the resource's configuration cannot be deployed
	ReasonCancelled      Reason = "cancelled"        // a user cancelled it
	ReasonSuperseded     Reason = "superseded"       // a later request replaced it while it was queued
	ReasonDependency     Reason = "dependency"       // a deployment that it comes after did not finish
	ReasonSurvivors      Reason = "survivors"        // it was stopped, and some of its processes did not end
	ReasonHostLocked     Reason = "host-locked"      // another job works on the resource's folder
	ReasonDiskFull       Reason = "disk-full"        // the server's disk had no room for the output
	ReasonInternal       Reason = "internal"         // Waybill failed; the operator's log has the cause
)

// Reasons lists every reason except ReasonNone.
func Reasons() []Reason {
	return []Reason{
		ReasonExit, ReasonSignal, ReasonUnhealthy, ReasonDocker, ReasonTimeout, ReasonLost, ReasonTampered,
		ReasonUnreachable, ReasonHostKeyChanged, ReasonHostKeyMissing, ReasonAccess, ReasonServer,
		ReasonConfiguration, ReasonCancelled, ReasonSuperseded, ReasonDependency, ReasonSurvivors,
		ReasonHostLocked, ReasonDiskFull, ReasonInternal,
	}
}
