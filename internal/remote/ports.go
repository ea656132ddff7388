// Package remote runs a job on a server in such a way that the job survives
// whatever happens to the runner. It sends the files and starts the job
// detached, with its output in a spool on the server's disk, or finds it
// already started. Then it follows the spool from any byte on. It runs plain
// POSIX sh over a [Shell]; package sshrun implements one over SSH.
package remote

import (
	"context"
	"io"
	"time"
)

// Target is a server and the way to open it.
type Target struct {
	// Address is a host name or an IP address.
	Address string
	Port    int
	User    string
	// HostKey is the pinned public key, as one line of authorized_keys.
	HostKey string
	// PrivateKey is the PEM text of the key that opens the server. Secret.
	PrivateKey string
	// Via is the jump host through which the server is reached, or nil. It has no
	// Via of its own.
	Via *Target
}

// Dialer opens connections.
type Dialer interface {
	// Dial connects and authenticates, at most as long as ctx allows. Its
	// errors are *[DialError].
	Dial(ctx context.Context, target Target) (Shell, error)
}

// Shell runs scripts on one connection. Several may run at once.
type Shell interface {
	// Run feeds the script to `sh -s` on the server, with the arguments, and
	// copies its output to the writers as it arrives. It returns the exit
	// status; a non-zero status is a result, not an error. The error is
	// Unavailable if the connection ended first, and ctx's own if ctx ended
	// first. Nothing of the script is on a command line, so no secret is
	// either. The arguments are on a command line, so they must hold no secret.
	Run(ctx context.Context, script string, args []string, stdout, stderr io.Writer) (exit int, err error)
	// Close ends the connection and every script on it. Detached jobs continue.
	Close() error
}

// Delivery is implemented by a [Shell] that knows how much of a script has
// reached the server. Any other shell counts as one that delivers at once.
type Delivery interface {
	// Delivered grows while a script is being sent and the server takes it. It
	// stands still afterwards, whatever else is sent.
	Delivered() int64
}

// Cause says why a server could not be opened.
type Cause string

// The causes, worded as the reasons of a deployment.
const (
	CauseUnreachable    Cause = "unreachable"      // no connection, or the other end speaks no SSH
	CauseHostKeyChanged Cause = "host-key-changed" // the server showed another key; no command was sent
	CauseHostKeyMissing Cause = "host-key-missing" // no key is pinned
	CauseAccess         Cause = "access"           // the server refused the private key
)

// DialError says why a server could not be opened. Its text holds no secret and
// may be shown to every user who may see the server.
type DialError struct {
	Cause Cause
	// Fingerprint is set with CauseHostKeyChanged: the SHA-256 fingerprint of
	// the key that the server showed, as OpenSSH prints it, or empty if it
	// showed none.
	Fingerprint string
	// AtJumpHost says that the cause is the jump host, and not the server.
	AtJumpHost bool
	Err        error
}

// Error says what happened, in words for the deployer.
func (e *DialError) Error() string { return string(e.Cause) + ": " + e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *DialError) Unwrap() error { return e.Err }

// Host names the host that is the cause: "server" or "jump host".
func (e *DialError) Host() string {
	if e.AtJumpHost {
		return "jump host"
	}
	return "server"
}

// ChangedKey is the sentence for CauseHostKeyChanged. A server without a key of
// the pinned type may go away before it shows another one.
func (e *DialError) ChangedKey() string {
	if e.Fingerprint == "" {
		return "The " + e.Host() + " has no host key of the pinned type."
	}
	return "The " + e.Host() + " showed the host key " + e.Fingerprint + ", which is not the pinned one."
}

// File is one file that a job needs on the server.
type File struct {
	// Path is absolute, or relative to the job's Dir.
	Path string
	// Content may hold secrets; it is sent over stdin only.
	Content []byte
	// Mode is the permission bits; 0 means 0600.
	Mode uint32
}

// Step is one command of a job. After a step that exits non-zero, only the
// later steps with OnFailure run.
type Step struct {
	// Name is one or two words for readers and for the record.
	Name string
	// Command is the step as the log shows it, in words that a person would
	// type. If it is empty, the log shows the script itself.
	Command string
	// Script is POSIX sh. It runs with -e in the job's Dir and has nothing on
	// stdin. It is stored in the spool and never on a command line. Its stdout
	// and stderr are pipes, so that a child that outlives the job cannot fill
	// the spool.
	Script string
	// OnFailure steps run only if an earlier step failed, to say why it failed.
	// Their own exit status changes nothing.
	OnFailure bool
}

// DefaultSpoolLimit is the limit of a job that sets none: 1 GiB.
const DefaultSpoolLimit = 1 << 30

// Job is the work to do on the server.
type Job struct {
	// Spool is the job's own folder for its output and state: an absolute path,
	// one for each deployment. Dir is the resource's folder, also an absolute
	// path. Steps run there and relative files lie there; no container may
	// write there. Folder, if set, is an absolute path that is made and vacated
	// together with Dir. Containers may write there, so no file of a job lies
	// in it.
	Spool  string
	Dir    string
	Folder string
	// Deployment identifies the job to other deployments that want to work in
	// Dir. The name of a later deployment sorts after the name of an earlier
	// one. If it is empty, it defaults to the name of the spool's folder.
	Deployment string
	// Attempt numbers the runners of a deployment. It is the fence between
	// them: once a runner has begun to start the job, no earlier runner will
	// start it.
	Attempt int
	// SpoolLimit is about how many bytes of output the spool keeps, half of
	// them for each stream; 0 means DefaultSpoolLimit. Of a longer stream it
	// keeps a head and a tail of equal size. The spool may exceed the limit by
	// the output of one second. It keeps all output where the file system
	// cannot free a part of a file (ext4, XFS, Btrfs, tmpfs and ZFS can).
	SpoolLimit int64
	Files      []File
	Steps      []Step
	// EnvironmentFile, if set, is the path (as in File) of a file of sh
	// assignments. Every step begins by reading and exporting them.
	EnvironmentFile string
	// MayRunContainers says that the steps are commands of a team, which may
	// run docker. [Stop] then looks for the containers that they leave.
	MayRunContainers bool
}

// Offsets is how many bytes of each stream a reader has already read.
type Offsets struct {
	Out, Err int64
}

// Stream is one of a job's output streams, by the letter of its frames.
type Stream byte

// The streams.
const (
	Out Stream = 'O' // bytes of the commands' stdout
	Err Stream = 'E' // bytes of the commands' stderr
)

// Sink receives the contents of a job's spool.
//
// Before it gets any Data, it has had every StepStarted and StepEnded that lies
// before the last byte of that data, so it knows the step of each byte. A
// reader that re-attaches gets the events of every step again, from the first
// step on, whatever its Offsets. A receiver tells by [StepEvent.Offset] which
// events it has seen.
type Sink interface {
	// Attached says that the job runs, or ran, under the process group, and
	// whether this call started it. Now is the server's time; all other times
	// here are by the server's clock too.
	Attached(process string, started bool, now time.Time) error
	// StepStarted and StepEnded give the number of a step, from 1, the server's
	// time, and the sizes of out and err at that moment.
	StepStarted(event StepEvent) error
	StepEnded(event StepEvent) error
	// Data gives bytes of a stream, beginning at the offset. If the spool
	// dropped bytes before they could be read, the offset jumps past them. The
	// receiver must not use the slice after Data returns. At is the server's time
	// of writing, exact to the second or better, even for output that was
	// written before a re-attach.
	Data(stream Stream, offset int64, p []byte, at time.Time) error
	// Idle is called once in a session, when all that the job had written was given and the
	// job goes on.
	Idle() error
	// Tick is called at least every second while nothing else is, so that the
	// receiver can do its periodic work.
	Tick() error
}

// StepEvent is a step's start or end.
type StepEvent struct {
	Number   int
	At       time.Time
	Out, Err int64
	// ExitCode is set at the end.
	ExitCode int
	// Offset is the position in the steps file after this event.
	Offset int64
}

// End is how a job ended.
type End struct {
	// ExitCode is the job's exit code: 0, or the exit code of the step that
	// failed.
	ExitCode int
	At       time.Time
	// Out and Err are the final sizes: a log with that many bytes is complete.
	Out, Err int64
	// Lost says that the job is gone without an exit code. Rebooted says that
	// the server restarted in the meantime.
	Lost     bool
	Rebooted bool
	// Tampered is the reason for Lost if the spool was removed, cut or written
	// to. Then the job's output and end cannot be known, and the job may be
	// alive.
	Tampered bool
	// Missing is how much of a Lost job's output is missing.
	Missing Missing
	// DiskFull says that the server's disk did not take all of the output, or
	// with Quota, that a disk quota did not allow it. The sink got all output
	// that was stored.
	DiskFull bool
	Quota    bool
	// DroppedOut and DroppedErr are how many bytes this call could not give,
	// because the spool had reached its limit and dropped them.
	DroppedOut, DroppedErr int64
}

// Missing is how much of a lost job's output is missing.
type Missing int

// The amounts.
const (
	MissingNothing Missing = iota
	MissingPipes           // at most PipeBytes of each stream
	MissingUnknown
)

// PipeBytes is how many bytes a pipe to the spool can hold.
const PipeBytes = 64 << 10
