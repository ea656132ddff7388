package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// The thresholds. Three failures in five minutes are more than one bad request.
// dispatch handles a change within seconds when all is well.
const (
	failuresToNotice = 3
	lateChange       = 5 * time.Minute
)

// newAlarms returns the alarms and the dashboard. An alarm's change is an event
// on the account's default bus, which is where a team connects its own pager.
func newAlarms(res resources, functions map[string]awslambda.Function, api api) {
	group := constructs.NewConstruct(res.stack, jsii.String("Alarms"))
	behind := functions["dispatch"].Metric(jsii.String("IteratorAge"), statistic("Maximum"))
	newAlarm(group, "StreamsBehind",
		"Changes wait for dispatch: starts are late. One that cannot be handled may hold up the others.",
		behind, float64(lateChange.Milliseconds()))
	newAlarm(group, "SchedulesDropped",
		"EventBridge Scheduler has given up to send that a schedule is due: its operation does not come.",
		res.schedules.dropped(), 1)
	waiting := res.queues.runner.MetricApproximateNumberOfMessagesVisible(statistic("Maximum"))
	var slow []awscloudwatch.IMetric
	for _, f := range stackFunctions {
		slow = append(slow, labelled(functions[f.name].MetricDuration(statistic("p95")), f.name))
	}
	newDashboard(res, [][]awscloudwatch.IWidget{
		{
			graph("Dead letters", deadLetterAlarms(group, res)),
			graph("Failures of functions", failureAlarms(group, res, functions)),
		},
		{
			graph("Deployments waiting for a runner", metrics{waiting}),
			graph("Events", metrics{
				labelled(res.queues.trigger.MetricNumberOfMessagesReceived(statistic("Sum")), "messages"),
				labelled(unmatched(res, functions[triggerFunction]), "of no resource"),
			}),
		},
		{
			graph("Age of the oldest change at dispatch (ms)", metrics{behind}),
		},
		{
			graph("Requests", metrics{
				labelled(api.rest.MetricCount(statistic("Sum")), "all"),
				labelled(api.rest.MetricClientError(statistic("Sum")), "4xx"),
				labelled(api.rest.MetricServerError(statistic("Sum")), "5xx"),
			}),
			graph("Functions, 95 % within (ms)", slow),
		},
		{
			graph("Deliveries of webhooks that were refused", metrics{refusedDeliveries(res, functions)}),
		},
	})
}

type metrics = []awscloudwatch.IMetric

// deadLetterAlarms go off at the first message in a dead-letter queue.
func deadLetterAlarms(scope constructs.Construct, res resources) metrics {
	var all metrics
	for _, letters := range res.queues.dead() {
		depth := letters.queue.MetricApproximateNumberOfMessagesVisible(statistic("Maximum"))
		newAlarm(scope, letters.id, letters.meaning, depth, 1)
		all = append(all, labelled(depth, letters.id))
	}
	return all
}

// failureAlarms makes two alarms for each function: one counts the invocations
// that failed, the other the errors in its log. Lambda does not count a request
// that was answered with status 500, nor a message or a change that will be
// delivered again.
func failureAlarms(
	scope constructs.Construct, res resources, functions map[string]awslambda.Function,
) metrics {
	var all metrics
	for _, f := range stackFunctions {
		failed := functions[f.name].MetricErrors(statistic("Sum"))
		newAlarm(scope, capital(f.name)+"Fails",
			"The function "+f.name+" breaks off or runs out of time. Its log says why.",
			failed, failuresToNotice)
		errors := awslogs.FilterPattern_StringValue(
			jsii.String("$.level"), jsii.String("="), jsii.String("ERROR"))
		group := functions[f.name].LogGroup()
		filter := group.AddMetricFilter(jsii.String("Errors"), &awslogs.MetricFilterOptions{
			FilterPattern:   errors,
			MetricNamespace: jsii.String("Waybill/" + res.opts.Team),
			MetricName:      jsii.String(f.name + "-errors"),
		})
		logged := filter.Metric(statistic("Sum"))
		newAlarm(scope, capital(f.name)+"Errors", "The function "+f.name+" logs errors.",
			logged, failuresToNotice)
		all = append(all, labelled(failed, f.name+" fails"), labelled(logged, f.name+" errors"))
	}
	return all
}

// refusedDeliveries counts the deliveries without a right signature, and those for resources that
// do not exist. Nothing else of them is kept. There is no alarm: anyone can send them.
func refusedDeliveries(res resources, functions map[string]awslambda.Function) awscloudwatch.IMetric {
	filter := functions[triggerFunction].LogGroup().AddMetricFilter(jsii.String("RefusedDeliveries"),
		&awslogs.MetricFilterOptions{
			FilterPattern: awslogs.FilterPattern_Literal(
				jsii.String(`{ ($.route = "/api/v1/webhooks/*") && ($.status = 401) }`)),
			MetricNamespace: jsii.String("Waybill/" + res.opts.Team),
			MetricName:      jsii.String("refused-deliveries"),
		})
	return labelled(filter.Metric(statistic("Sum")), "refused")
}

// unmatched counts the pushed images and the new objects that no resource declares: a line in
// the log of trigger is one of them.
func unmatched(res resources, trigger awslambda.Function) awscloudwatch.Metric {
	return trigger.LogGroup().AddMetricFilter(jsii.String("Unmatched"), &awslogs.MetricFilterOptions{
		FilterPattern: awslogs.FilterPattern_StringValue(jsii.String("$.msg"), jsii.String("="),
			jsii.String("no resource declares the event")),
		MetricNamespace: jsii.String("Waybill/" + res.opts.Team),
		MetricName:      jsii.String("unmatched-events"),
	}).Metric(statistic("Sum"))
}

// statistic is one figure for every five minutes.
func statistic(name string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{
		Statistic: jsii.String(name),
		Period:    awscdk.Duration_Minutes(jsii.Number(5)),
	}
}

func labelled(metric awscloudwatch.Metric, label string) awscloudwatch.IMetric {
	return metric.With(&awscloudwatch.MetricOptions{Label: jsii.String(label)})
}

// newAlarm makes an alarm for the first period in which the metric reaches the
// threshold. Periods without data are fine.
func newAlarm(scope constructs.Construct, id, meaning string, of awscloudwatch.Metric, threshold float64) {
	awscloudwatch.NewAlarm(scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.String(meaning),
		Metric:             of,
		Threshold:          jsii.Number(threshold),
		EvaluationPeriods:  jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}

func newDashboard(res resources, rows [][]awscloudwatch.IWidget) {
	dashboard := awscloudwatch.NewDashboard(res.stack, jsii.String("Dashboard"),
		&awscloudwatch.DashboardProps{DashboardName: jsii.String(res.opts.prefix())})
	for _, row := range rows {
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
