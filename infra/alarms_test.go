package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// alarmsOf returns the alarms of a form by the ends of their names.
func alarmsOf(t *testing.T, m template) map[string]resource {
	t.Helper()
	found := map[string]resource{}
	for _, alarm := range m.all(t, "AWS::CloudWatch::Alarm") {
		found[strings.TrimPrefix(fmt.Sprint(alarm.get("AlarmName")), "waybill-golden-")] = alarm
	}
	return found
}

func TestEveryAlarmAndItsEndReachTheTopic(t *testing.T) {
	m := parse(t, full)
	topic := ""
	for id := range m.all(t, "AWS::SNS::Topic") {
		topic = id
	}
	for name, alarm := range alarmsOf(t, m) {
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if to := list(alarm.get(actions)); len(to) != 1 || target(to[0]) != topic {
				t.Errorf("%s: %s are %v, want the topic %s", name, actions, to, topic)
			}
		}
	}
	for id, subscription := range m.all(t, "AWS::SNS::Subscription") {
		if target(subscription.get("TopicArn")) != topic || subscription.get("Protocol") != "email" ||
			subscription.get("Endpoint") != "ops@example.org" {
			t.Errorf("%s is %v", id, subscription.Properties)
		}
	}
}

// TestOnlyAlarmsOfTheAccountPublishAlarms: a topic whose policy does not name the service would
// drop every alarm in silence.
func TestOnlyAlarmsOfTheAccountPublishAlarms(t *testing.T) {
	m := parse(t, onAWS)
	allowed := 0
	for _, s := range statements(t, m) {
		if m.Resources[s.in].Type != "AWS::SNS::TopicPolicy" || !s.allows() {
			continue
		}
		allowed++
		source := fmt.Sprint(at(s.tree, "Condition", "ArnLike", "aws:SourceArn"))
		if at(s.tree, "Principal", "Service") != "cloudwatch.amazonaws.com" ||
			!strings.Contains(source, "AWS::AccountId") || !strings.Contains(source, ":alarm:*") {
			t.Errorf("%v may publish for %s", at(s.tree, "Principal"), source)
		}
	}
	if allowed != 1 {
		t.Errorf("%d statements let something publish, want 1", allowed)
	}
}

func TestAnExistingTopicTakesTheAlarms(t *testing.T) {
	const pager = "arn:aws:sns:eu-central-1:123456789012:pager"
	m := parse(t, existing)
	for name, alarm := range alarmsOf(t, m) {
		if got := alarm.get("AlarmActions", 0); got != pager {
			t.Errorf("%s goes to %v", name, got)
		}
	}
	for id, r := range m.Resources {
		if strings.HasPrefix(r.Type, "AWS::SNS::") {
			t.Errorf("the stack has the topic or subscription %s", id)
		}
	}
}

// TestTheAlarms lists them: one for each function, one for each dead-letter queue, and the others.
func TestTheAlarms(t *testing.T) {
	want := []string{"runner-dead", "trigger-dead", "notify-dead", "streams-dead", "schedules-dead",
		"streams-behind", "schedules-dropped", "runner-waits", "requests-fail", "functions-throttled",
		"tables-throttled", "sweep-missing", "deployments-fail", "queue-stands"}
	for _, name := range functionNames {
		want = append(want, name+"-fails")
	}
	var got []string
	for name, alarm := range alarmsOf(t, parse(t, onAWS)) {
		got = append(got, name)
		if alarm.get("AlarmDescription") == nil {
			t.Errorf("%s does not say what it means", name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("alarms, -got +want:\n%s", diff)
	}
}

// TestAFailureOfAFunctionIsCountedOnce: errors in the log and runs that Lambda broke off feed the
// one metric of the function's alarm. An alarm is paid for by its metrics.
func TestAFailureOfAFunctionIsCountedOnce(t *testing.T) {
	m := parse(t, onAWS)
	alarms := alarmsOf(t, m)
	for _, name := range functionNames {
		if got := alarms[name+"-fails"].get("MetricName"); got != name+"-failures" {
			t.Errorf("the alarm of %s reads %v", name, got)
		}
		_, function := m.function(t, name)
		group := target(function.get("LoggingConfig", "LogGroup"))
		var patterns []string
		for _, filter := range m.all(t, "AWS::Logs::MetricFilter") {
			if filter.get("MetricTransformations", 0, "MetricName") == name+"-failures" &&
				target(filter.get("LogGroupName")) == group {
				patterns = append(patterns, fmt.Sprint(filter.get("FilterPattern")))
			}
		}
		slices.Sort(patterns)
		want := []string{`?"Status: error" ?"Status: timeout"`, `{ $.level = "ERROR" }`}
		if diff := cmp.Diff(patterns, want); diff != "" {
			t.Errorf("the failures of %s, -got +want:\n%s", name, diff)
		}
	}
}

// TestAQueueThatStandsStillHasAnAlarm: the age is above all that a runner at work can make.
func TestAQueueThatStandsStillHasAnAlarm(t *testing.T) {
	m := parse(t, onAWS)
	alarm := alarmsOf(t, m)["runner-waits"]
	_, runner := m.function(t, "runner")
	limit, _ := runner.get("Timeout").(float64)
	if threshold, _ := alarm.get("Threshold").(float64); threshold < 2*limit {
		t.Errorf("it goes off after %g s, a runner may take %g s", threshold, limit)
	}
	if alarm.get("MetricName") != "ApproximateAgeOfOldestMessage" ||
		!strings.HasPrefix(target(alarm.get("Dimensions", 0, "Value")), "QueuesRunner") {
		t.Errorf("it reads %v", alarm.Properties)
	}
}

// TestASweepThatIsMissingHasAnAlarm: no data is what a missing sweep looks like.
func TestASweepThatIsMissingHasAnAlarm(t *testing.T) {
	m := parse(t, onAWS)
	alarm := alarmsOf(t, m)["sweep-missing"]
	if alarm.get("TreatMissingData") != "breaching" ||
		alarm.get("ComparisonOperator") != "LessThanThreshold" || alarm.get("Threshold") != 1.0 {
		t.Errorf("no data is not an alarm: %v", alarm.Properties)
	}
	name := alarm.get("Dimensions", 0, "Value")
	dispatch, _ := m.function(t, "dispatch")
	for _, rule := range m.all(t, "AWS::Events::Rule") {
		if rule.get("Name") == name && rule.get("ScheduleExpression") == "rate(1 minute)" &&
			target(rule.get("Targets", 0, "Arn")) == dispatch {
			return
		}
	}
	t.Errorf("no rule of the name %v calls dispatch every minute", name)
}

// TestWhatAlarmsReadFitsIntoOne: an alarm takes at most ten metrics in a formula.
func TestWhatAlarmsReadFitsIntoOne(t *testing.T) {
	read := map[string][]string{}
	for name, alarm := range alarmsOf(t, parse(t, onAWS)) {
		for _, metric := range list(alarm.get("Metrics")) {
			if stat := at(metric, "MetricStat", "Metric"); stat != nil {
				read[name] = append(read[name], fmt.Sprint(at(stat, "MetricName"), " ",
					strings.TrimRight(target(at(stat, "Dimensions", 0, "Value")), "0123456789ABCDEF")))
			}
		}
		if len(read[name]) > 10 {
			t.Errorf("%s reads %d metrics", name, len(read[name]))
		}
		slices.Sort(read[name])
	}
	want := map[string][]string{
		"functions-throttled": {"Throttles FunctionsDispatch", "Throttles FunctionsNotify",
			"Throttles FunctionsRunner", "Throttles FunctionsTrigger"},
		"tables-throttled": {
			"ReadThrottleEvents TablesApplicationDeployments", "ReadThrottleEvents TablesCatalog",
			"ReadThrottleEvents TablesDatabaseDeployments", "ReadThrottleEvents TablesServiceDeployments",
			"WriteThrottleEvents TablesApplicationDeployments", "WriteThrottleEvents TablesCatalog",
			"WriteThrottleEvents TablesDatabaseDeployments", "WriteThrottleEvents TablesServiceDeployments",
		},
	}
	for name, metrics := range want {
		if diff := cmp.Diff(read[name], metrics); diff != "" {
			t.Errorf("%s reads, -got +want:\n%s", name, diff)
		}
	}
}

// TestMetricsCanBeLeftOut: without them, their alarm would wait for data for ever.
func TestMetricsCanBeLeftOut(t *testing.T) {
	for name, form := range map[string]func() ([]byte, error){"true": onAWS, "false": existing} {
		m := parse(t, form)
		_, dispatch := m.function(t, "dispatch")
		variable := fmt.Sprint(dispatch.get("Environment", "Variables", "WAYBILL_METRICS"))
		_, alarmed := alarmsOf(t, m)["deployments-fail"]
		if on := name == "true"; alarmed != on || (variable == "true") != on {
			t.Errorf("metrics=%s: the function has %s, and the alarm is there: %t", name, variable, alarmed)
		}
	}
}

// TestOnlyACollectorNeedsHeaders: without one, notify reads the secrets of notifications alone.
func TestOnlyACollectorNeedsHeaders(t *testing.T) {
	for name, form := range map[string]func() ([]byte, error){"none": onAWS, "https": full} {
		m := parse(t, form)
		_, notify := m.function(t, "notify")
		reads := false
		for _, s := range statements(t, m) {
			if s.in == target(notify.get("Role")) {
				reads = reads || strings.Contains(fmt.Sprint(at(s.tree, "Resource")), "golden/tracing/*")
			}
		}
		want := name == "https"
		_, dispatch := m.function(t, "dispatch")
		for _, f := range []resource{notify, dispatch} {
			if got := f.get("Environment", "Variables", "WAYBILL_TRACE_ENDPOINT"); (got != nil) != want {
				t.Errorf("with the collector %s, a function has %v", name, got)
			}
		}
		if reads != want {
			t.Errorf("with the collector %s, notify may read the headers: %t", name, reads)
		}
	}
}

// TestHalfOfTheDeploymentsMayFail: the alarm counts what internal/aws/metrics writes.
func TestHalfOfTheDeploymentsMayFail(t *testing.T) {
	alarm := alarmsOf(t, parse(t, onAWS))["deployments-fail"]
	text := fmt.Sprint(alarm.Properties)
	for _, part := range []string{"Namespace:Waybill/golden", "MetricName:failures",
		"IF(ended >= 5, 100 * failed / ended, 0)", "Stat:Sum", "Stat:SampleCount", "Period:3600"} {
		if !strings.Contains(text, part) {
			t.Errorf("the alarm lacks %s: %s", part, text)
		}
	}
}

func TestTheDashboardIsOptional(t *testing.T) {
	for id, r := range parse(t, onAWS).Resources {
		if r.Type == "AWS::CloudWatch::Dashboard" {
			t.Errorf("a team that asked for none pays for %s", id)
		}
	}
	if dashboards := parse(t, full).all(t, "AWS::CloudWatch::Dashboard"); len(dashboards) != 1 {
		t.Errorf("dashboard=true gives %d dashboards", len(dashboards))
	}
}
