// Command dispatch is the function that moves the queues on. The tables' streams tell
// it of each change of a deployment, and a schedule calls it every minute.
package main

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/eventbus"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/metrics"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/scheduler"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/notify"
	"waybill/internal/schedule"
	"waybill/internal/settings"
	"waybill/internal/statistics"
	"waybill/internal/trigger"
)

func main() {
	boot.Run("dispatch", build, append(append(settings.ForDeployments(), settings.ForSchedules()...),
		settings.AuditTable, settings.RunnerQueueURL, settings.EventBus, settings.SecretsPath, settings.Team,
		settings.LogBucket, settings.APIURL, settings.NotifyQueueURL, settings.DeliveriesTable,
		settings.TriggersTable)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	days, wrong := env.RetentionDays()
	aws, err := account.New(env)
	if err = errors.Join(wrong, err); err != nil {
		return gateway.Handlers{}, err
	}
	db, tables := aws.DynamoDB(), dynamostore.Tables(env.Tables())
	logs := s3archive.Open(aws.Config(), env.Get(settings.LogBucket))
	deployments, history := dynamostore.NewDeployments(db, tables), dynamostore.NewHistory(db, tables)
	store := schedule.Catalog{Store: dynamostore.NewCatalog(db, tables),
		Schedules: dynamostore.NewSchedules(db, tables),
		Clock:     scheduler.Open(aws.Config(), scheduler.Place(env.SchedulePlace()))}
	planner := notify.NewPlanner(notify.PlannerPorts{Store: store, History: history,
		Queue: sqsqueue.OpenJobs(aws.Config(), env.Get(settings.NotifyQueueURL), ""),
		Marks: dynamostore.NewDeliveries(db, env.Get(settings.DeliveriesTable))}, time.Now)
	dispatcher := deployment.NewDispatcher(deployment.DispatcherPorts{
		Claims: deployments, Expiries: deployments, History: history, Store: store, Notifier: planner,
		Logs: logs, Snapshots: logs.Snapshots(), Excerpts: logs.Excerpts(),
		Vault:  parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Feed:   dynamostore.NewFeed(db, tables),
		Sender: sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL)),
		Publisher: eventbus.Open(aws.Config(), env.Get(settings.EventBus),
			eventbus.Stack{Team: env.Get(settings.Team), URL: env.Get(settings.APIURL)}),
		Tracer: sqsqueue.OpenTraces(aws.Config(), sqsqueue.TracePlace(env.TracePlace())),
		Meter:  metrics.New(os.Stdout, env.Get(settings.Team), env.Get(settings.Metrics) == "true"),
	}, deployment.DispatcherOptions{Log: log, Retention: catalog.Retention(days)})
	keeper := schedule.NewKeeper(store, schedule.KeeperOptions{Report: planner.ScheduleMissed,
		Arrivals: trigger.Arrivals{Store: dynamostore.NewTriggers(db, env.Get(settings.TriggersTable))}})
	return gateway.Handlers{Change: dynamostore.Changes[gateway.Change](dispatcher),
		Tick: gateway.Each(dispatcher.Sweep, keeper.Sweep,
			statistics.NewRoller(dynamostore.NewRollups(db, tables), time.Now).Roll),
		Orphans: deployment.NewOrphans(history, logs, time.Now).Page}, nil
}
