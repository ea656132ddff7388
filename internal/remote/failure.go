package remote

import (
	"fmt"

	"waybill/internal/fault"
)

// HeldError says that a job was not started because another job has precedence
// in the resource's folder. Its text may be shown to every user who may see the
// server.
type HeldError struct {
	// Holder is the deployment that holds the folder.
	Holder string
	// Running says that the holder's job is alive. If it is not, the holder is
	// later: a later deployment, or a later attempt of the same one.
	Running bool
}

// Error names the holder of the folder.
func (e *HeldError) Error() string {
	if e.Running {
		return fmt.Sprintf("The resource's folder on the server is held by deployment %s, which is running.",
			e.Holder)
	}
	return fmt.Sprintf("Deployment %s, of later date, has already used the resource's folder on the server.",
		e.Holder)
}

// failures has the text for each reason why a server cannot run a job.
var failures = map[string]string{
	"NOSPACE":  "its disk is full",
	"NOINODES": "its disk has no inodes left: it holds too many files",
	"NOQUOTA":  "the disk quota of its user is used up",
	"NOPERM":   "its user may not write to the data directory",
	"NOSPOOL":  "the data directory cannot be used",
	"NOPROC":   "it has no /proc, so it is no Linux",
	"NOSTART":  "the job's shell could not be started",
	"ISDIR":    "a directory is where a file belongs",
}

// failure makes an error of the words of an F frame; there must be at least one.
// Most words mean that the server cannot run the job and that the call started
// nothing: Invalid, with [ErrNotStarted]. The known words are from our own scripts.
// An unknown one may be from the server, so it is not repeated: the error is then
// errGarbled.
func failure(words []string) error {
	switch word := words[0]; {
	case word == "BUSY":
		return fault.New(fault.Unavailable, "Another session has been starting the job for too long.")
	case word == "ALIVE":
		return fault.New(fault.Conflict, "The job is still alive.")
	case word == "HELD" && len(words) == 3 && names.MatchString(words[1]):
		return &HeldError{Holder: words[1], Running: words[2] == "1"}
	case word == "MISSING" && len(words) == 2 && packages[words[1]] != "":
		return notStarted("%s is missing (install %s)", words[1], packages[words[1]])
	case failures[word] != "":
		return notStarted("%s", failures[word])
	}
	return errGarbled
}

// packages has the package of each tool that a job needs.
var packages = map[string]string{
	"flock": "util-linux", "setsid": "util-linux",
	"base64": "coreutils", "stat": "coreutils", "mkfifo": "coreutils", "head": "coreutils",
	"dd": "coreutils", "date": "coreutils", "cat": "coreutils", "mv": "coreutils",
	"tr": "coreutils", "touch": "coreutils", "sort": "coreutils", "expr": "coreutils", "tail": "coreutils",
	"mkdir": "coreutils", "rm": "coreutils", "chmod": "coreutils", "sleep": "coreutils",
	"find": "findutils", "grep": "grep",
}

// remover takes the frames of a removal.
type remover struct{}

func (remover) bytes(part, []byte) error { return errGarbled }

func (remover) line(kind byte, words []string) error {
	switch {
	case kind == 'D':
		return errEnded
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}
