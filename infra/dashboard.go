package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// newDashboard returns the dashboard: the metrics that have alarms, and the load of
// the stack. It costs 3 $ a month, more than all alarms together cost in most accounts.
func newDashboard(
	res resources, functions map[string]awslambda.Function, api api, seen watched,
	refused, foreign awscloudwatch.IMetric,
) {
	var slow metrics
	for _, f := range stackFunctions {
		slow = append(slow, labelled(functions[f.name].MetricDuration(statistic("p95")), f.name))
	}
	waiting := res.queues.runner.MetricApproximateNumberOfMessagesVisible(statistic("Maximum"))
	dashboard := awscloudwatch.NewDashboard(res.stack, jsii.String("Dashboard"),
		&awscloudwatch.DashboardProps{DashboardName: jsii.String(res.opts.prefix())})
	for _, row := range [][]awscloudwatch.IWidget{
		{graph("Dead letters", seen.dead), graph("Failures of functions", seen.failures)},
		{
			graph("Deployments waiting for a runner", metrics{waiting}),
			graph("Events", metrics{
				labelled(res.queues.trigger.MetricNumberOfMessagesReceived(statistic("Sum")), "messages"),
				foreign,
			}),
		},
		{
			graph("Age of the oldest change at dispatch (ms)", seen.behind),
			graph("Throttled calls", seen.throttles),
		},
		{
			graph("Requests", metrics{
				labelled(api.rest.MetricCount(statistic("Sum")), "all"),
				labelled(api.rest.MetricClientError(statistic("Sum")), "4xx"),
				labelled(api.rest.MetricServerError(statistic("Sum")), "5xx"),
			}),
			graph("Functions, 95 % within (ms)", slow),
		},
		{graph("Deliveries of webhooks that were refused", metrics{refused})},
	} {
		dashboard.AddWidgets(row...)
	}
}

func graph(title string, lines metrics) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title),
		Left:  &lines,
		Width: jsii.Number(12),
	})
}
