// Command deploy is the function that queues starts, stops, restarts, deploys,
// rollbacks and scrubs, and cancels them.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/rest/deployapi"
	"waybill/internal/settings"
)

func main() { boot.Run("deploy", build, append(settings.ForDeployments(), settings.LogBucket)...) }

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.ForRequests(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	handler, err := deployapi.New(ports(aws, env), rest.Options{Log: log, Team: env.Get(settings.Team)})
	return gateway.Handlers{HTTP: handler}, err
}
