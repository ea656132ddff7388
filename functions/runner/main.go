// Command runner is the function that carries one deployment to its end, over
// SSH to the server.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/runner"
	"waybill/internal/settings"
)

func main() {
	boot.Run("runner", build, append(settings.ForDeployments(),
		settings.LogBucket, settings.RunnerQueueURL, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	lease, err := env.LeaseLength()
	if err != nil {
		return gateway.Handlers{}, err
	}
	queue := sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL))
	run := runner.New(ports(aws, env, queue), runner.Options{Log: log, Lease: lease})
	return gateway.Handlers{Message: handler(queue, run, lease)}, nil
}
