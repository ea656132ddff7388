package runner

import (
	"fmt"
	"syscall"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// conclude closes the streams of the recording, which takes no output afterwards, and
// returns how the job ended. It logs which part of the output is missing. It does not
// commit.
func (a *attempt) conclude(end remote.End) deployment.Outcome {
	a.recorder.End()
	a.sayUnmaskable()
	if end.Lost && a.stopReason != deployment.ReasonCancelled && a.stopReason != deployment.ReasonTimeout {
		a.sayLost(end)
	}
	if at := a.recorder.Position(); !end.Lost && (at.Out != end.Out || at.Err != end.Err) {
		a.say(logbook.Stderr, fmt.Sprintf(
			"The log is incomplete: %d of %d bytes of stdout and %d of %d bytes of stderr are in it.",
			at.Out, end.Out, at.Err, end.Err))
	}
	if end.DroppedOut+end.DroppedErr > 0 {
		// The recorder has marked the place in the log.
		a.say(logbook.Stderr, fmt.Sprintf(
			"The output came faster than it was read and was more than the server keeps: "+
				"%d bytes of stdout and %d bytes of stderr were dropped there.",
			end.DroppedOut, end.DroppedErr))
	}
	if stopped := a.afterStop(end); stopped.ended() {
		return *stopped.outcome
	}
	outcome := Judge(end, a.failedStep(), a.plan.recipe)
	switch outcome.Reason {
	case deployment.ReasonDiskFull:
		what := "The server's disk was full"
		if end.Quota {
			what = "The disk quota of the server's user was used up"
		}
		a.say(logbook.Stderr, what+": not all of the output could be kept, and this log lacks the rest.")
	}
	return outcome
}

// failedStep is the name of the first step that exited non-zero, or "".
func (a *attempt) failedStep() string {
	for _, step := range a.progress.Steps {
		if step.ExitCode != nil && *step.ExitCode != 0 {
			return step.Name
		}
	}
	return ""
}

// Judge makes an outcome of the end of a plan's job that was not stopped. step is the
// name of the step that failed, or "".
func Judge(end remote.End, step string, plan recipe.Plan) deployment.Outcome {
	if end.Tampered {
		return failure(deployment.ReasonTampered)
	}
	if end.Lost {
		return failure(deployment.ReasonLost)
	}
	code := end.ExitCode
	if end.DiskFull {
		outcome := failure(deployment.ReasonDiskFull)
		outcome.ExitCode = &code
		return outcome
	}
	outcome := deployment.Outcome{Status: deployment.Finished, ExitCode: &code, ResourceStatus: plan.Status}
	if code == 0 {
		return outcome
	}
	outcome.Status, outcome.Reason, outcome.ResourceStatus = deployment.Failed, deployment.ReasonExit, ""
	switch plan.Verdict(step, code) {
	case recipe.Unhealthy:
		outcome.Reason = deployment.ReasonUnhealthy
		return outcome
	case recipe.DockerAway:
		outcome.Reason = deployment.ReasonDocker
		return outcome
	}
	// A shell reports a command that a signal ended as 128 and the signal's
	// number; 64 is the highest number that Linux has.
	if number := code - 128; number > 0 && number <= 64 {
		outcome.Reason, outcome.Signal = deployment.ReasonSignal, signalName(number)
	}
	return outcome
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP:  "SIGHUP",
	syscall.SIGINT:  "SIGINT",
	syscall.SIGQUIT: "SIGQUIT",
	syscall.SIGABRT: "SIGABRT",
	syscall.SIGKILL: "SIGKILL",
	syscall.SIGSEGV: "SIGSEGV",
	syscall.SIGPIPE: "SIGPIPE",
	syscall.SIGTERM: "SIGTERM",
}

func signalName(number int) string {
	if name, known := signalNames[syscall.Signal(number)]; known {
		return name
	}
	return fmt.Sprintf("signal %d", number)
}

// sayLost logs how a job was lost, unless [attempt.stopLost] has done so, and how
// much of its output is missing.
func (a *attempt) sayLost(end remote.End) {
	if a.stopped == nil {
		a.say(logbook.Stderr, lostText(end))
	}
	switch at := a.recorder.Position(); end.Missing {
	case remote.MissingNothing:
		a.say(logbook.Stdout, "None of its output is missing.")
	case remote.MissingPipes:
		a.say(logbook.Stderr, fmt.Sprintf(
			"Up to %d bytes of stdout and as many of stderr may be missing: "+
				"they were on their way to the disk.",
			remote.PipeBytes))
	default:
		a.say(logbook.Stderr, fmt.Sprintf(
			"How much of its output is missing cannot be known: "+
				"%d bytes of stdout and %d bytes of stderr are in the log.",
			at.Out, at.Err))
	}
}

func lostText(end remote.End) string {
	if end.Tampered {
		return "The job's own files on the server, in the folder runs of the data directory, " +
			"were removed or changed while it ran: how it ended cannot be known."
	}
	if end.Rebooted {
		return "The job is gone and left no exit code: the server restarted while it ran."
	}
	return "The job is gone and left no exit code: its process vanished from the server."
}

func outcomeType(outcome deployment.Outcome) logbook.Type {
	if outcome.Status == deployment.Finished {
		return logbook.Stdout
	}
	return logbook.Stderr
}

// summary is the log's last line.
func (a *attempt) summary(outcome deployment.Outcome) string {
	took := a.now().Sub(a.record.StartedAt).Round(10 * time.Millisecond)
	switch outcome.Status {
	case deployment.Finished:
		return fmt.Sprintf("Finished after %s.", took)
	case deployment.Cancelled:
		return fmt.Sprintf("Cancelled after %s.", took)
	}
	text := fmt.Sprintf("Failed after %s, reason %s", took, outcome.Reason)
	step := a.failedStep()
	switch {
	case a.unhealthy != "" && (outcome.Reason == deployment.ReasonUnhealthy || step == recipe.StartStep):
		text += ": " + a.unhealthy
	case outcome.Reason == deployment.ReasonUnhealthy || outcome.Reason == deployment.ReasonDocker:
		// The step's exit code is one of Waybill's own.
	case step != "" && outcome.ExitCode != nil:
		text += fmt.Sprintf(": step %q exited with code %d", step, *outcome.ExitCode)
	}
	return text + "."
}
