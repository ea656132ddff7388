package pricetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// kind is a kind of deployment with its name in the tables.
type kind struct {
	name string
	Counted
}

func kinds() []kind {
	return []kind{
		{"20 s, 30 lines, not followed", Short},
		{"20 s, prints all the time, followed", ShortFollowed},
		{"30 minutes, silent, not followed", Long},
		{"30 minutes, prints all the time, followed", LongFollowed},
	}
}

// Tables returns the tables of docs/scale.md by name, as Markdown.
func Tables() map[string]string {
	return map[string]string{"prices": prices(), "deployments": deployments(), "month": month(),
		"limits": limits(), "teams": teams()}
}

func table(head string, rows []string) string {
	lines := []string{head, strings.Repeat("|---", strings.Count(head, "|")-1) + "|"}
	return strings.Join(append(lines, rows...), "\n") + "\n"
}

func prices() string {
	var rows []string
	for _, p := range Prices() {
		rows = append(rows, fmt.Sprintf("| %s | %g | %s |", p.Unit, p.Dollars, p.Source))
	}
	return table("| unit | dollars a million | source, and the date on it |", rows)
}

func deployments() string {
	var rows []string
	for _, k := range kinds() {
		u := k.Use()
		lambda := u.GigabyteSeconds * Prices()[gigabyteSecond].Dollars / u.Microdollars()
		rows = append(rows, fmt.Sprintf("| %s | %.0f | %.0f | %.0f | %.0f | %.1f | %.0f | %.2f | %.0f %% |",
			k.name, u.WriteUnits, u.ReadUnits, u.ObjectWrites, u.QueueRequests, u.GigabyteSeconds,
			u.APIRequests, u.Microdollars()/1000, 100*lambda))
	}
	return table("| a deployment | write units | read units | S3 writes | SQS requests | "+
		"GB-s of Lambda | API requests | dollars for 1,000 | share of Lambda's time |", rows)
}

// The idle stack. Lambda polls each of the three queues with five long polls of 20 s at a time, and
// the two functions that are called every minute take as long as a request.
const (
	minutes     = 30 * 24 * 60
	queues      = 3
	polls       = 5 * 3 // a minute
	minuteCalls = 2
	alarms      = 23
	// alarmMetrics is how many metrics the alarms read. CloudWatch charges for each of them.
	alarmMetrics = 34
)

// AlarmMetrics is how many metrics the alarms of a stack read.
func AlarmMetrics() int { return alarmMetrics }

// Parts returns how many parts of a type of CloudFormation a stack has, as far as the tables count
// them.
func Parts() map[string]int {
	return map[string]int{"AWS::CloudWatch::Alarm": alarms, "AWS::DynamoDB::GlobalTable": tables,
		"AWS::IAM::Role": roles}
}

const (
	tables = 9
	roles  = 11
)

// idle returns the use of a month without a deployment. The sweep reads the servers and
// their queues: two requests and one more for each server, of which there are ten.
func idle() Use {
	return Use{QueueRequests: queues * polls, Invocations: minuteCalls, ReadUnits: 2 + 10,
		GigabyteSeconds: minuteCalls * requestTakes.Seconds() * dispatchMemory}.Times(minutes)
}

func month() string {
	row := func(what string, dollars float64) string { return fmt.Sprintf("| %s | %.2f |", what, dollars) }
	polled := Use{QueueRequests: idle().QueueRequests}.Microdollars() / 1e6
	rest := idle().Microdollars()/1e6 - polled
	return table("| an idle month | dollars |", []string{
		row(fmt.Sprintf("%d alarms, which read %d metrics", alarms, alarmMetrics), alarmMetrics*alarmMonth),
		row("polling of three queues by Lambda", polled),
		row("the calls of each minute, with ten servers", rest),
		row("all of it", alarmMetrics*alarmMonth+polled+rest),
		row("the dashboard, if it is switched on", dashboardMonth),
	})
}

// limit is a quota, and how much of it a deployment of each kind takes for a second.
type limit struct {
	name  string
	quota float64
	takes func(Counted) float64
}

// busy is for how many seconds a deployment keeps one invocation of a function busy.
func (c Counted) busy() float64 {
	return (c.Busy + connectTakes + requestTakes + 4*dispatchTakes + c.Followed).Seconds()
}

// Requests of dispatch for one deployment, as the end-to-end test counts them, and about how long
// DynamoDB takes for one.
const (
	dispatchRequests = 17
	requestTime      = 5 * time.Millisecond
)

func stackLimits() []limit {
	fixed := func(n float64) func(Counted) float64 { return func(Counted) float64 { return n } }
	return []limit{
		{"runners of one stack: 200 at once, an option of the stack", 200,
			func(c Counted) float64 { return (c.Busy + connectTakes).Seconds() }},
		{"Lambda: 1,000 invocations at once in an account", 1000, Counted.busy},
		{"Parameter Store: 40 reads a second in an account, 1,000 when switched on", 40,
			func(c Counted) float64 { return float64(c.Runners) }},
		{"dispatch: one batch at a time for each shard of a stream (an estimate)", 1,
			fixed((dispatchRequests * requestTime).Seconds())},
		{"DynamoDB: 1,000 write units a second for one server's item, with a short queue", 1000,
			fixed(3*2 + 1)},
		{"DynamoDB: 1,000 write units a second for the feed of one stack", 1000, fixed(3)},
		{"DynamoDB: 40,000 write units a second for one table", 40_000,
			func(c Counted) float64 { return c.Use().WriteUnits }},
		{"S3: 3,500 writes a second for one prefix", 3500,
			func(c Counted) float64 { return c.Use().ObjectWrites }},
		{"API Gateway: 10,000 requests a second in an account", 10_000,
			func(c Counted) float64 { return c.Use().APIRequests }},
		{"EventBridge: 10,000 events a second in an account", 10_000,
			func(c Counted) float64 { return c.Use().Events }},
	}
}

// limits lists the deployments a second at which each quota is reached, the first one first.
func limits() string {
	all := stackLimits()
	rate := func(l limit, c Counted) float64 { return l.quota / l.takes(c) }
	slices.SortStableFunc(all, func(a, b limit) int { return cmp.Compare(rate(a, Short), rate(b, Short)) })
	var rows []string
	for _, l := range all {
		row := "| " + l.name
		for _, k := range kinds() {
			row += " | " + rounded(rate(l, k.Counted))
		}
		rows = append(rows, row+" |")
	}
	return table("| reached at this many deployments a second | 20 s | 20 s, followed | 30 minutes | "+
		"30 minutes, followed |", rows)
}

// rounded writes a number with two digits, or as a whole one.
func rounded(n float64) string {
	switch {
	case n < 10:
		return fmt.Sprintf("%.2g", n)
	case n < 1000:
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%d,%03d", int(n)/1000, int(n)%1000)
}

// share is a quota of the account that stacks use up by being there.
type share struct {
	name         string
	quota, stack int
}

// teams lists the shares of fifty stacks in the quotas of an account.
func teams() string {
	const stacks = 50
	var rows []string
	for _, s := range []share{
		{"event buses (or one of the account's, by an option)", 100, 1},
		{"IAM roles", 1000, roles},
		{"alarms of CloudWatch", 5000, alarms},
		{"tables of DynamoDB", 2500, tables},
		{"REST APIs", 600, 1},
		{"groups of EventBridge Scheduler", 500, 1},
		{"stacks of CloudFormation", 2000, 1},
	} {
		rows = append(rows, fmt.Sprintf("| %s | %d | %d | %d %% |", s.name, s.quota, stacks*s.stack,
			100*stacks*s.stack/s.quota))
	}
	return table("| quota of an account | default | fifty stacks | share |", rows)
}
