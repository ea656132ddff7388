// Command dispatch is the function that moves the queues on: it is told of each
// change of a deployment by the tables' streams, and sweeps every minute.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/deployment"
	"waybill/internal/settings"
)

func main() {
	boot.Run("dispatch", build, append(settings.ForDeployments(),
		settings.RunnerQueueURL, settings.EventBus, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	dispatcher := deployment.NewDispatcher(ports(aws, env), deployment.DispatcherOptions{Log: log})
	return gateway.Handlers{Change: changed(dispatcher), Tick: dispatcher.Sweep}, nil
}
