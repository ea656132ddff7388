package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// The thresholds. Three failures in five minutes are more than one bad request.
// dispatch handles a change within seconds when all is well. A runner deletes its message
// when it ends, parks or hands over, so none is older than two of its time limits. The wake-up of a
// deployment that is followed is replaced before it is ten minutes old.
const (
	failuresToNotice = 3
	lateChange       = 5 * time.Minute
	limitsToNotice   = 2
)

// alarms makes the alarms of the stack. Each of them, and its end, goes to one topic. An alarm
// costs 0.10 $ a month for each metric that it reads, also inside a formula.
type alarms struct {
	scope constructs.Construct
	opts  Options
	to    awscloudwatchactions.SnsAction
}

// watched are the metrics that have an alarm and a graph.
type watched struct{ dead, failures, throttles, behind metrics }

// newAlarms returns the alarms, and the dashboard if the team wants one.
func newAlarms(res resources, functions map[string]awslambda.Function, api api) {
	group := constructs.NewConstruct(res.stack, jsii.String("Alarms"))
	topic := alarmTopic(group, res)
	a := alarms{group, res.opts, awscloudwatchactions.NewSnsAction(topic)}
	seen := watched{dead: a.deadLetters(res), failures: a.failures(res, functions)}
	seen.throttles = metrics{a.throttledFunctions(functions), a.throttledTables(res.tables)}
	behind := functions["dispatch"].Metric(jsii.String("IteratorAge"), statistic("Maximum"))
	seen.behind = metrics{behind}
	a.at("StreamsBehind",
		"Changes wait for dispatch: starts are late. One that cannot be handled may hold up the others.",
		behind, float64(lateChange.Milliseconds()))
	a.at("SchedulesDropped",
		"EventBridge Scheduler has given up to send that a schedule is due: its operation does not come.",
		res.schedules.dropped(), 1)
	a.at("RunnerWaits", "A deployment waits in the queue of the runner for longer than two runs of the "+
		"runner take: too few runners, or the runner does not take messages.",
		res.queues.runner.MetricApproximateAgeOfOldestMessage(statistic("Maximum")),
		limitsToNotice*res.opts.runnerTimeout().Seconds())
	a.at("RequestsFail", "The API answers requests with a status of 500 or more.",
		api.rest.MetricServerError(statistic("Sum")), failuresToNotice)
	a.at("QueueStands", "Deployments of a server wait, and nothing runs on it. The log of dispatch names "+
		"the server.", standingQueues(res, functions["dispatch"]), 1)
	a.sweepIsMissing()
	if !res.opts.NoMetrics {
		a.deploymentsFail()
	}
	// These two have no alarm. Their filters count all the same.
	refused := refusedDeliveries(res, functions)
	foreign := labelled(unmatched(res, functions[triggerFunction]), "of no resource")
	if res.opts.Dashboard {
		newDashboard(res, functions, api, seen, refused, foreign)
	}
}

// sweepIsMissing goes off when the schedule did not call dispatch for ten minutes. A call that
// failed, or that Lambda did not take for a minute, is a dead letter.
func (a alarms) sweepIsMissing() {
	calls := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String("AWS/Events"),
		MetricName:    jsii.String("Invocations"),
		DimensionsMap: &map[string]*string{"RuleName": a.opts.name("sweep")},
		Statistic:     jsii.String("Sum"),
		Period:        awscdk.Duration_Minutes(jsii.Number(5)),
	})
	a.add("SweepMissing", awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String("The sweep, the net below the streams, was not called for ten " +
			"minutes: a lost change stays lost. Is the rule switched off?"),
		Metric:             calls,
		Threshold:          jsii.Number(1),
		EvaluationPeriods:  jsii.Number(2),
		ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		// A rule that calls nothing has no data.
		TreatMissingData: awscloudwatch.TreatMissingData_BREACHING,
	})
}

// deploymentsFail goes off when half of the deployments of an hour have failed, and some more than
// one mistake would explain. The metric is 1 for each one that has failed and 0 for each that has
// finished; see internal/aws/metrics.
func (a alarms) deploymentsFail() {
	const enough, share, hour = 5, 50, 60
	each := func(of string) awscloudwatch.IMetric {
		return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace: jsii.String("Waybill/" + a.opts.Team), MetricName: jsii.String("failures"),
			Statistic: jsii.String(of), Period: awscdk.Duration_Minutes(jsii.Number(hour)),
		})
	}
	a.atSum("DeploymentsFail", "Half of the deployments of an hour have failed, of five or more. Do they "+
		"have a server, a registry or a repository in common?",
		awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
			Expression: jsii.String(fmt.Sprintf("IF(ended >= %d, 100 * failed / ended, 0)", enough)),
			UsingMetrics: &map[string]awscloudwatch.IMetric{
				"ended": each("SampleCount"), "failed": each("Sum")},
			Label:  jsii.String("% of deployments failed"),
			Period: awscdk.Duration_Minutes(jsii.Number(hour)),
		}), share)
}

// throttledFunctions counts the calls that Lambda refused of the functions that no request waits
// for. A refused request is an error of the API, which has its own alarm.
func (a alarms) throttledFunctions(functions map[string]awslambda.Function) awscloudwatch.IMetric {
	var each []awscloudwatch.IMetric
	for _, name := range []string{"dispatch", "runner", triggerFunction, notifyFunction} {
		each = append(each, functions[name].MetricThrottles(statistic("Sum")))
	}
	all := sum("functions", each)
	a.atSum("FunctionsThrottled", "Lambda refuses calls of dispatch, runner, trigger or notify: the "+
		"account or the function is at its limit of concurrent functions.", all, failuresToNotice)
	return all
}

// throttledTables counts the refused reads and writes of the tables that every deployment uses.
// The keys of the other tables spread their load.
func (a alarms) throttledTables(tables tables) awscloudwatch.IMetric {
	var each []awscloudwatch.IMetric
	for _, table := range append(tables.deployments(), tables.catalog) {
		for _, name := range []string{"ReadThrottleEvents", "WriteThrottleEvents"} {
			each = append(each, table.Metric(jsii.String(name), statistic("Sum")))
		}
	}
	all := sum("tables", each)
	a.atSum("TablesThrottled", "DynamoDB refuses reads or writes: a partition of a table is at its limit. "+
		"Requests and deployments are slower or fail.", all, failuresToNotice)
	return all
}

// sum adds up at most ten metrics, the most that an alarm takes.
func sum(label string, each []awscloudwatch.IMetric) awscloudwatch.MathExpression {
	named := map[string]awscloudwatch.IMetric{}
	var ids []string
	for i, metric := range each {
		id := fmt.Sprint(label, i) // of its own in the whole dashboard
		named[id], ids = metric, append(ids, id)
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		// Unlike +, the function takes a metric without data for 0.
		Expression:   jsii.String("SUM([" + strings.Join(ids, ",") + "])"),
		UsingMetrics: &named, Label: jsii.String(label),
		Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

type metrics = []awscloudwatch.IMetric

// deadLetters goes off at the first message in a dead-letter queue.
func (a alarms) deadLetters(res resources) metrics {
	var all metrics
	for _, letters := range res.queues.dead() {
		depth := letters.queue.MetricApproximateNumberOfMessagesVisible(statistic("Maximum"))
		a.at(letters.id, letters.meaning, depth, 1)
		all = append(all, labelled(depth, letters.id))
	}
	return all
}

// failures makes one alarm for each function. Two filters on its log feed one metric: the errors
// that it logs, and the lines of Lambda about a run that broke off or ran out of time. Lambda's own
// metric does not count a request that was answered with status 500, nor a message or a change
// that will be delivered again.
func (a alarms) failures(res resources, functions map[string]awslambda.Function) metrics {
	var all metrics
	for _, f := range stackFunctions {
		group := functions[f.name].LogGroup()
		count := func(id string, pattern awslogs.IFilterPattern) awscloudwatch.Metric {
			return group.AddMetricFilter(jsii.String(id), &awslogs.MetricFilterOptions{
				FilterPattern:   pattern,
				MetricNamespace: jsii.String("Waybill/" + res.opts.Team),
				MetricName:      jsii.String(f.name + "-failures"),
			}).Metric(statistic("Sum"))
		}
		count("BrokenOff", awslogs.FilterPattern_AnyTerm(
			jsii.String("Status: error"), jsii.String("Status: timeout")))
		failed := count("Errors", awslogs.FilterPattern_StringValue(
			jsii.String("$.level"), jsii.String("="), jsii.String("ERROR")))
		a.at(capital(f.name)+"Fails", "The function "+f.name+
			" logs errors, breaks off or runs out of time. Its log says why.", failed, failuresToNotice)
		all = append(all, labelled(failed, f.name))
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

// standingQueues counts the servers whose queue does not move, once in each sweep: a line in the log
// of dispatch is one of them.
func standingQueues(res resources, dispatch awslambda.Function) awscloudwatch.Metric {
	return dispatch.LogGroup().AddMetricFilter(jsii.String("StandingQueues"), &awslogs.MetricFilterOptions{
		FilterPattern: awslogs.FilterPattern_StringValue(jsii.String("$.msg"), jsii.String("="),
			jsii.String("a queue does not move")),
		MetricNamespace: jsii.String("Waybill/" + res.opts.Team),
		MetricName:      jsii.String("standing-queues"),
	}).Metric(statistic("Sum"))
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

// at makes an alarm for the first period in which the metric reaches the threshold. Periods without
// data are fine.
func (a alarms) at(id, meaning string, of awscloudwatch.IMetric, threshold float64) {
	a.add(id, awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.String(meaning),
		Metric:             of,
		Threshold:          jsii.Number(threshold),
		EvaluationPeriods:  jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}

// atSum is at for a formula. MiniStack knows no alarm on one.
func (a alarms) atSum(id, meaning string, of awscloudwatch.IMetric, threshold float64) {
	if !a.opts.Local {
		a.at(id, meaning, of, threshold)
	}
}

// add makes an alarm "waybill-TEAM-ID" that tells when it begins and when it is over.
func (a alarms) add(id string, props awscloudwatch.AlarmProps) {
	props.AlarmName = a.opts.name(kebab(id))
	alarm := awscloudwatch.NewAlarm(a.scope, jsii.String(id), &props)
	alarm.AddAlarmAction(a.to)
	alarm.AddOkAction(a.to)
}
