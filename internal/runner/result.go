package runner

import (
	"errors"

	"waybill/internal/deployment"
)

// result is what a part of an attempt leads to. Without an outcome the deployment
// continues: with the next part, with another try or with another session.
type result struct{ outcome *deployment.Outcome }

// ended is the result of a deployment that has its outcome.
func ended(outcome deployment.Outcome) result { return result{&outcome} }

// failed is the result of a deployment that fails for the reason.
func failed(reason deployment.Reason) result { return ended(failure(reason)) }

// ended reports whether the deployment has its outcome.
func (r result) ended() bool { return r.outcome != nil }

// failure is the outcome of a deployment that failed for the reason.
func failure(reason deployment.Reason) deployment.Outcome {
	return deployment.Outcome{Status: deployment.Failed, Reason: reason}
}

// taskError is an error of a task that the runner performs for the deployment,
// such as a command on its server. It has consequences for the deployment. Any
// other error is one of Waybill's own stores and ends this runner's work, except
// errStop, errDrained, errHandOver and errPark.
type taskError struct{ cause error }

// Error is the cause's text.
func (e *taskError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *taskError) Unwrap() error { return e.cause }

// isTaskError reports whether the error is a task's own.
func isTaskError(err error) bool {
	_, is := errors.AsType[*taskError](err)
	return is
}
