// Package remote runs a job on a server so that nothing that happens to the
// runner can end it: it sends the files, starts the job detached with its
// output in a spool on the server's disk, or finds it there already, and
// follows the spool from any byte on. It speaks plain POSIX sh over a [Shell];
// sshrun is the one over SSH.
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
	// copies what it prints to the writers as it comes. It returns the exit
	// status; a non-zero status is a result, not an error. The error is
	// Unavailable when the connection ended first, and ctx's own when it did.
	// Nothing of the script, and so no secret, is on a command line; arguments
	// are, so they hold none.
	Run(ctx context.Context, script string, args []string, stdout, stderr io.Writer) (exit int, err error)
	// Close ends the connection and every script on it. Jobs live on.
	Close() error
}

// Delivery is a [Shell] that knows how scripts get on. A shell without it is taken
// for one that delivers at once.
type Delivery interface {
	// Delivered grows while a script is on its way and the server takes it, and
	// stands still afterwards, whatever else is sent.
	Delivered() int64
}

// Cause says why a server could not be opened.
type Cause string

// The causes, worded as the reasons of a deployment.
const (
	CauseUnreachable    Cause = "unreachable"      // no connection, or no SSH behind it
	CauseHostKeyChanged Cause = "host-key-changed" // not the pinned key; no command was sent
	CauseHostKeyMissing Cause = "host-key-missing" // no key is pinned
	CauseAccess         Cause = "access"           // the server refused the private key
)

// DialError says why a server could not be opened. Its text holds no secret
// and may be shown to whoever may see the server.
type DialError struct {
	Cause Cause
	// Fingerprint is the SHA-256 of the key that the server showed, as OpenSSH
	// prints it, when it showed one.
	Fingerprint string
	Err         error
}

// Error says what happened, in words for the deployer.
func (e *DialError) Error() string { return string(e.Cause) + ": " + e.Err.Error() }

// Unwrap gives the cause below.
func (e *DialError) Unwrap() error { return e.Err }

// File is one file that a job needs on the server.
type File struct {
	// Path is absolute, or relative to the job's Dir.
	Path string
	// Content may hold secrets; it travels over stdin only.
	Content []byte
	// Mode is the permission bits; 0 means 0600.
	Mode uint32
}

// Step is one command of a job. A step that exits non-zero ends the job, but
// for the steps after it that are to run on failure.
type Step struct {
	// Name is a word or two for people and for the record.
	Name string
	// Command is what the log shows of the step, in words that a person would
	// type; "" shows the script itself.
	Command string
	// Script is POSIX sh, run with -e in the job's Dir and nothing on stdin. It
	// is stored in the spool and never on a command line. Its stdout and stderr
	// are pipes, so that a child which lives on does not fill the spool.
	Script string
	// OnFailure steps run only if an earlier step failed; their own exit status
	// changes nothing. They are there to say why.
	OnFailure bool
}

// DefaultSpoolLimit is for jobs that name no limit of their own: 1 GiB.
const DefaultSpoolLimit = 1 << 30

// Job is what runs on the server.
type Job struct {
	// Spool is the job's own folder for its output and state, absolute, one a
	// deployment. Dir is the resource's folder, absolute, where steps run and
	// relative files lie; no container may write there. Folder, if set, is made
	// and vacated with Dir, absolute, and containers may write there, so no file
	// of a job does.
	Spool  string
	Dir    string
	Folder string
	// Deployment names the job to others who want to work in Dir, and a later
	// deployment's name sorts behind an earlier one's. Empty, it is the name of
	// the spool's folder.
	Deployment string
	// Attempt numbers the runners of a deployment. It is the fence between
	// them: once a runner has begun to start the job, no earlier one will.
	Attempt int
	// SpoolLimit is about how many bytes of output the spool takes, half of it
	// for each stream; 0 means DefaultSpoolLimit. Of a stream that is longer,
	// head and tail are kept, half and half. The spool may hold more by what is
	// written in a second, and all where the file system cannot free a part of
	// a file (ext4, XFS, Btrfs, tmpfs and ZFS can).
	SpoolLimit int64
	Files      []File
	Steps      []Step
	// EnvironmentFile, if set, is the path (as in File) of a file of sh
	// assignments that every step begins by reading and exporting.
	EnvironmentFile string
	// MayRunContainers says that steps are commands of a team's own, which may run
	// docker, so that [Stop] looks for the containers that they leave.
	MayRunContainers bool
}

// Offsets is how far into the spool's output a reader already is, in bytes.
type Offsets struct {
	Out, Err int64
}

// Stream is the kind of a [Frame].
type Stream byte

// The streams.
const (
	Out Stream = 'O' // bytes of the commands' stdout
	Err Stream = 'E' // bytes of the commands' stderr
)

// Sink receives what a job's spool holds, in the order it is told.
//
// Before any Data is given, every StepStarted and StepEnded that lies before
// its last byte was given; so a receiver knows each byte's step. A reader that
// re-attaches gets every step's events again from the first step on, whatever
// its Offsets: a receiver tells by [StepEvent.Offset] which it has seen.
type Sink interface {
	// Attached says that the job runs, or ran, under the process group, whether
	// this call started it, and what time it is now by the server's clock, which
	// all other times here are by.
	Attached(process string, started bool, now time.Time) error
	// StepStarted and StepEnded give a step's bounds: its number from 1, the
	// server's time, and the sizes of out and err at that moment.
	StepStarted(event StepEvent) error
	StepEnded(event StepEvent) error
	// Data gives bytes of a stream from an offset on. What the spool had dropped
	// before it could be read shows as a jump of the offset. The slice is the
	// receiver's only until it returns. At is the server's time of writing, to
	// the second or better, also for what was written before a re-attach.
	Data(stream Stream, offset int64, p []byte, at time.Time) error
	// Tick comes at least every second while nothing else does, so that the
	// receiver can do what is due.
	Tick() error
}

// StepEvent is a step's start or end.
type StepEvent struct {
	Number   int
	At       time.Time
	Out, Err int64
	// ExitCode is set at the end.
	ExitCode int
	// Offset is where the steps file goes on after this event.
	Offset int64
}

// End is how a job ended.
type End struct {
	// ExitCode is the job's: 0, or that of the step that failed.
	ExitCode int
	At       time.Time
	// Out and Err are the final sizes: the log is complete with that many bytes.
	Out, Err int64
	// Lost says that the job is gone without an exit code. Rebooted tells that
	// the server restarted meanwhile.
	Lost     bool
	Rebooted bool
	// Tampered says why it is Lost: its spool was removed, cut or written to, so
	// its output and its end cannot be known. The job may be alive.
	Tampered bool
	// Missing says how much of the output of a job that is Lost is missing.
	Missing Missing
	// DiskFull says that the server's disk, or with Quota a quota, did not take
	// all of the output. What it took was given.
	DiskFull bool
	Quota    bool
	// DroppedOut and DroppedErr are how many bytes this call could not give,
	// since the spool was at its limit and had dropped them before.
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

// PipeBytes is how much a pipe holds that leads to the spool.
const PipeBytes = 64 << 10
