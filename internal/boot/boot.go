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

// Build makes a function's handlers. It asks no service for anything, so that
// what can fail at a start is only what is set wrongly.
type Build func(settings.Settings, *slog.Logger) (gateway.Handlers, error)

// Run runs the function of the name, which needs the settings, until Lambda
// ends the process. What keeps it from starting is one line of the log, and
// the exit status 1.
func Run(name string, build Build, needs ...string) {
	env := settings.New(os.LookupEnv)
	level, err := env.Level()
	logger := oplog.New(os.Stdout, level).With("function", name)
	if err == nil {
		err = env.Require(needs...)
	}
	var handlers gateway.Handlers
	if err == nil {
		handlers, err = guarded(build, env, logger)
	}
	if err != nil {
		logger.Error("the function does not start", "error", err.Error())
		os.Exit(1)
	}
	log.SetFlags(0)
	log.SetOutput(runtimeLines{logger})
	lambda.Start(gateway.New(logger, handlers))
}

// guarded makes an error of a panic, of which only the type is told: a value
// could hold anything that is set.
func guarded(build Build, env settings.Settings, logger *slog.Logger) (handlers gateway.Handlers, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fault.New(fault.Internal, "building the function panicked with a value of type %T", thrown)
		}
	}()
	return build(env, logger)
}

// runtimeLines takes what Lambda's library prints. That is each failed call,
// as JSON, which is in the log already; and why it ends the process.
type runtimeLines struct {
	logger *slog.Logger
}

// Write logs a line of the library's.
func (w runtimeLines) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("{")) {
		w.logger.Error("the Lambda runtime ended", "error", string(bytes.TrimSpace(line)))
	}
	return len(line), nil
}
