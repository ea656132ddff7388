package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Limits are the sizes that a team may choose. A zero is the default.
type Limits struct {
	// LogDays (operator-log-days) is for how many days the logs of the functions and of the
	// requests are kept: one of the numbers that CloudWatch knows, 30 by default.
	LogDays int
	// RunnerMemory (runner-memory) is the memory of the runner in MB, 256 by default.
	RunnerMemory int
	// RunnerTimeout (runner-timeout) is how long a runner works before it hands over: "15m", the
	// most that Lambda allows, by default.
	RunnerTimeout time.Duration
	// MaxRunners (max-runners) is how many deployments of the team run at once, 200 by default.
	MaxRunners int
	// RunnerConcurrency (runner-concurrency) reserves so many concurrent functions of the account
	// for the runner, and APIConcurrency (api-concurrency) for each function of the API. A
	// reservation is a limit, too. By default nothing is.
	RunnerConcurrency, APIConcurrency int
}

// The smallest and largest values. A runner must have time to connect, and to hand over. Lambda
// polls a queue with 2 to 1,000 functions.
const (
	minRunnerMemory, maxRunnerMemory   = 128, 10240
	minRunnerTimeout, maxRunnerTimeout = 3 * time.Minute, 15 * time.Minute
	minRunners, mostRunners            = 2, 1000
	mostReserved                       = 10000
)

// defaultLogDays is how long the operator's log is kept. The output of deployments is not in it;
// that is in the log bucket.
const defaultLogDays = 30

// logDays are the retentions that CloudWatch Logs has (API reference, PutRetentionPolicy).
var logDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192,
	2557, 2922, 3288, 3653}

// limits reads the limits.
func (c *context) limits() Limits {
	read := Limits{
		LogDays:           c.number("operator-log-days", 0, 1, slices.Max(logDays)),
		RunnerMemory:      c.number("runner-memory", 0, minRunnerMemory, maxRunnerMemory),
		MaxRunners:        c.number("max-runners", 0, minRunners, mostRunners),
		RunnerConcurrency: c.number("runner-concurrency", 0, minRunners, mostReserved),
		APIConcurrency:    c.number("api-concurrency", 0, 1, mostReserved),
	}
	if text := c.text("runner-timeout", ""); text != "" {
		var err error
		read.RunnerTimeout, err = time.ParseDuration(text)
		if err != nil || read.RunnerTimeout < minRunnerTimeout || read.RunnerTimeout > maxRunnerTimeout ||
			read.RunnerTimeout%time.Second != 0 {
			c.refuse("runner-timeout=%s: whole seconds, from 3m to 15m", text)
		}
	}
	return read
}

// check checks what the limits mean together.
func (l Limits) check() error {
	switch {
	case l.LogDays != 0 && !slices.Contains(logDays, l.LogDays):
		return fmt.Errorf("operator-log-days=%d: CloudWatch knows %v", l.LogDays, logDays)
	case l.RunnerConcurrency > 0 && l.MaxRunners > l.RunnerConcurrency:
		return fmt.Errorf("max-runners=%d: at most runner-concurrency=%d, or Lambda refuses the rest",
			l.MaxRunners, l.RunnerConcurrency)
	}
	return nil
}

// runnerTimeout is the time limit of the runner.
func (l Limits) runnerTimeout() time.Duration {
	if l.RunnerTimeout > 0 {
		return l.RunnerTimeout
	}
	return maxRunnerTimeout
}

// maxRunners is how many deployments run at once: a fifth of the default concurrency of an account
// by default. With reserved concurrency, Lambda takes no more messages than it can handle.
func (l Limits) maxRunners() int {
	switch {
	case l.MaxRunners > 0:
		return l.MaxRunners
	case l.RunnerConcurrency > 0:
		return min(defaultRunners, l.RunnerConcurrency)
	}
	return defaultRunners
}

// sized returns the function with the sizes that the team chose.
func (l Limits) sized(f function) (sized function, reserved int) {
	if f.name == "runner" {
		f.timeout, reserved = l.runnerTimeout(), l.RunnerConcurrency
		if l.RunnerMemory > 0 {
			f.memory = float64(l.RunnerMemory)
		}
	}
	if f.api {
		reserved = l.APIConcurrency
	}
	return f, reserved
}

// warn says at each synthesis what the teams of an account share.
func (l Limits) warn(stack awscdk.Stack) {
	text := "The functions run within the concurrency of the account, which all teams in it share. " +
		"-c runner-concurrency and -c api-concurrency reserve a part of it for this team."
	if l.RunnerConcurrency+l.APIConcurrency > 0 {
		text = "The concurrency that this team reserves is taken from all others in the account. " +
			"AWS leaves at least 100 unreserved."
	}
	awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("waybill:shared-concurrency"), jsii.String(text))
}
