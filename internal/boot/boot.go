// Package boot starts a Lambda function: it reads the environment, opens the
// operator's log, has the function built, and hands it to Lambda. It is the
// only package of the functions that reads the environment.
package boot

import (
	"bytes"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"waybill/internal/aws/gateway"
	"waybill/internal/fault"
	"waybill/internal/oplog"
	"waybill/internal/settings"
)

// Build makes a function's handlers. It calls no service, so that a start can
// fail only because of a wrong setting.
type Build func(settings.Settings, *slog.Logger) (gateway.Handlers, error)

// Run runs the named function until Lambda ends the process. needs lists the
// settings that the function requires. If it cannot start, Run logs one line
// that says why, and exits with status 1.
func Run(name string, build Build, needs ...string) {
	env := settings.New(os.LookupEnv)
	level, err := env.Level()
	logger := oplog.New(os.Stdout, level).With("function", name)
	if err == nil {
		err = env.Require(needs...)
	}
	var handlers gateway.Handlers
	if err == nil {
		handlers, err = recoverBuild(build, env, logger)
	}
	if err != nil {
		logger.Error("the function does not start", "error", err.Error())
		os.Exit(1)
	}
	log.SetFlags(0)
	log.SetOutput(runtimeLines{logger})
	lambda.Start(gateway.New(logger, handlers))
}

// recoverBuild calls build and turns a panic into an error that has only the
// value's type: the value could hold a secret from the settings.
func recoverBuild(
	build Build,
	env settings.Settings,
	logger *slog.Logger,
) (handlers gateway.Handlers, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fault.New(fault.Internal, "building the function panicked with a value of type %T", value)
		}
	}()
	return build(env, logger)
}

// runtimeLines receives the output of Lambda's library: each failed call as
// JSON, which the log has already, and the reason when it ends the process.
type runtimeLines struct {
	logger *slog.Logger
}

// Write logs one line of the library.
func (w runtimeLines) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("{")) {
		w.logger.Error("the Lambda runtime ended", "error", string(bytes.TrimSpace(line)))
	}
	return len(line), nil
}
