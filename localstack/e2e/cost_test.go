package e2e_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/pricetest"
	"waybill/localstack/client"
	"waybill/localstack/emulator"
	"waybill/localstack/meter"
	"waybill/localstack/progress"
)

// maxStartUnits is how many write units a start with 30 lines over 20 s may cost.
const maxStartUnits = 44

// phases are the parts of a deployment's life in their order. Renewals of the lease are the
// writes of the runner that bring no progress. A follow is a note that a reader follows the
// log. Dating gives the deployment that finished before its date.
var phases = []string{"enqueue", "claim", "begin", "progress", "renewal", "follow", "end", "events", "feed",
	"measure", "dating", "expiry", "other"}

// stackLease is the runners' lease on a stack that is no test's.
const stackLease = 40 * time.Second

// cost is what a phase of a deployment costs.
type cost struct {
	requests             int // to DynamoDB
	writeUnits           int
	readUnits            float64
	objects, objectReads int // written ones and reads, also of lists
	messages             int
	others               int // requests to other services, and removals of objects
}

// TestCostOfADeployment counts the requests of the functions for one start. The earlier
// start of the resource makes it pay for the date of that one, too. A large definition
// must cost no more, apart from the bytes of the snapshot.
func TestCostOfADeployment(t *testing.T) {
	w := stack(t)
	if emulated() != string(emulator.MiniStack) {
		return // the functions of LocalStack call it directly; the stack is the same
	}
	server := w.server(t)
	var units []int
	for _, c := range []struct {
		name  string
		bytes int
	}{{"a small definition", 0}, {"a definition of 100 KB", 100 << 10}} {
		calls := w.meteredStart(t, server, c.bytes)
		checkRunnerKinds(t, calls)
		costs := sum(calls)
		total := printCosts(c.name, costs)
		// The tested stack's lease is shorter, so it is renewed more often.
		renewals := costs["renewal"].writeUnits
		total.writeUnits += renewals*int(lease)/int(stackLease) - renewals
		if total.writeUnits > maxStartUnits {
			t.Errorf("%s: %d write units, want at most %d", c.name, total.writeUnits, maxStartUnits)
		}
		chunks := costs["progress"].objects
		if objects := costs["enqueue"].objects + chunks; objects > 1+chunks || chunks == 0 ||
			total.messages != 1 {
			t.Errorf("%s: %d objects with %d chunks, %d messages; want at most one more object, and one "+
				"message", c.name, objects, chunks, total.messages)
		}
		wantPriced(t, costs)
		units = append(units, costs["enqueue"].writeUnits+costs["claim"].writeUnits+
			costs["begin"].writeUnits+costs["end"].writeUnits+costs["feed"].writeUnits)
		if other := costs["other"].writeUnits; other > 0 {
			t.Errorf("%s: %d write units of no phase", c.name, other)
		}
	}
	if units[0] != units[1] {
		t.Errorf("without progress and expiry, %d units with the small definition and %d with the large one",
			units[0], units[1])
	}
}

// wantPriced checks that docs/scale.md has the price of what was counted.
func wantPriced(t *testing.T, costs map[string]cost) {
	t.Helper()
	var around, progress cost
	for _, phase := range []string{"enqueue", "claim", "end", "events", "feed", "measure", "dating",
		"expiry"} {
		around.writeUnits += costs[phase].writeUnits
		around.objects += costs[phase].objects
	}
	for _, phase := range []string{"begin", "progress"} {
		progress.writeUnits += costs[phase].writeUnits
		progress.objects += costs[phase].objects
	}
	for what, pair := range map[string][2]float64{
		"write units around the runner": {float64(around.writeUnits), pricetest.Around.WriteUnits},
		"objects around the runner":     {float64(around.objects), pricetest.Around.ObjectWrites},
		"write units of the runner":     {float64(progress.writeUnits), float64(pricetest.Short.Progress)},
		"chunks":                        {float64(progress.objects), float64(pricetest.Short.Chunks)},
	} {
		if math.Abs(pair[0]-pair[1]) > 2 {
			t.Errorf("%s: %.0f are counted, and %.0f in package pricetest: change them there", what, pair[0],
				pair[1])
		}
	}
}

// checkRunnerKinds checks that runner writes only items of the kinds that its role allows. No
// emulator checks this condition (dynamodb:LeadingKeys).
func checkRunnerKinds(t *testing.T, calls []meter.Call) {
	t.Helper()
	allowed := []string{"application-state", "service-state", "database-state", "server-queue"}
	runner, written := "", 0
	for _, call := range calls {
		if phaseOf(call) == "progress" {
			runner = call.Caller
		}
	}
	for _, call := range calls {
		for _, write := range call.Writes {
			kind := write.Key.Text("kind")
			if call.Caller != runner || kind == "" {
				continue
			}
			written++
			if !slices.Contains(allowed, kind) {
				t.Errorf("runner writes an item of the kind %s", kind)
			}
		}
	}
	if written == 0 {
		t.Error("the test has seen no item of the catalog that runner wrote")
	}
}

// meteredStart returns the requests for the second start of an application, until all that
// follows from its end is done.
func (w *world) meteredStart(t *testing.T, server string, bytes int) []meter.Call {
	t.Helper()
	const script = "[ -e %[1]q ] || { touch %[1]q; exit 0; }\n" +
		"i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; sleep 0.66; done\n"
	ran, half := filepath.Join(t.TempDir(), "ran"), bytes/2
	app := w.create(t, "/applications/shell", map[string]any{"name": "demo", "server_uuid": server,
		"start":       fmt.Sprintf(script, ran) + "#" + strings.Repeat("x", half),
		"environment": []words{plainly("TEXT", strings.Repeat("y", half))}})
	defer w.meter.End()
	w.meteredRun(t, app, "start", false)
	record := w.meteredRun(t, app, "restart", true)
	w.expire(t, record)
	return w.meter.Calls()
}

// meteredRun counts the requests for an operation until its last change is published, and
// until the deployment before has its date.
func (w *world) meteredRun(t *testing.T, app, operation string, dates bool) client.Deployment {
	t.Helper()
	w.meter.Begin()
	record := w.await(t, w.ask(t, app, operation))
	if record.Status != "finished" {
		t.Fatalf("the start is %s %s", record.Status, record.Reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := progress.Poll(ctx, time.Second/5, func() (bool, error) {
		costs := sum(w.meter.Calls())
		return costs["feed"].writeUnits >= 3 && costs["events"].others >= 3 &&
			costs["measure"].writeUnits >= 1 && (!dates || costs["dating"].writeUnits >= 2), nil
	})
	if err != nil {
		t.Errorf("after the end: %v, %+v", err, sum(w.meter.Calls()))
	}
	return record
}

// expire removes the record like DynamoDB after its expiry, and waits until its log is gone.
func (w *world) expire(t *testing.T, record client.Deployment) {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	_, err := w.cloud.Session().DynamoDB().DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String("waybill-e2e-application-deployments-1"),
		Key: map[string]types.AttributeValue{"resource_uuid": text(record.ResourceUUID),
			"deployment_uuid": text(record.DeploymentUUID)},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = progress.Poll(ctx, time.Second/5, func() (bool, error) {
		return sum(w.meter.Calls())["expiry"].writeUnits > 0, nil
	})
	if err != nil {
		t.Errorf("after the removal of the record: %v, %+v", err, sum(w.meter.Calls()))
	}
}

// uncounted is the phase of a note that a token is used, and of a trace. The former comes once a
// minute for a token, however many deployments it starts, so it counts for none.
const uncounted = "uncounted"

// sum adds up the requests by phase. A request that writes says its phase itself; every
// other one counts for the next phase of its caller, or for the last one. A caller that
// never writes is a reader, which is left out.
func sum(calls []meter.Call) map[string]cost {
	costs := map[string]cost{}
	waiting := map[string]string{}
	of := make([]string, len(calls))
	for i, call := range slices.Backward(calls) {
		if of[i] = phaseOf(call); of[i] == uncounted {
			continue
		} else if of[i] == "" {
			of[i] = waiting[call.Caller]
		} else {
			waiting[call.Caller] = of[i]
		}
	}
	last := map[string]string{}
	for i, call := range calls {
		if of[i] == "" {
			of[i] = last[call.Caller]
		}
		if of[i] != uncounted {
			last[call.Caller] = of[i]
		}
		if of[i] != "" {
			costs[of[i]] = costs[of[i]].with(call)
		}
	}
	return costs
}

func (c cost) with(call meter.Call) cost {
	switch {
	case call.Service == "dynamodb":
		c.requests++
	case call.Service == "s3" && call.Operation == "PUT":
		c.objects++
	case call.Service == "s3" && (call.Operation == "GET" || call.Operation == "HEAD"):
		c.objectReads++
	case call.Operation == "SendMessage":
		c.messages++
	default:
		c.others++
	}
	c.writeUnits += call.WriteUnits()
	c.readUnits += call.ReadUnits
	return c
}

// phaseOf returns the phase of a request that writes, or "" if the request does not say it.
func phaseOf(call meter.Call) string {
	switch {
	case call.Service == "s3" && strings.Contains(call.Path, "/logs/") && call.Operation == "PUT":
		return "progress"
	case call.Service == "s3" && call.Operation != "PUT" && call.Operation != "GET" &&
		call.Operation != "HEAD":
		return "expiry" // the removal of objects
	case call.Operation == "PutEvents":
		return "events"
	case call.Operation == "SendMessage" && strings.HasSuffix(call.Path, "-notify"):
		return uncounted // a trace, which only a stack with a collector sends
	case call.Operation == "SendMessage":
		return "claim"
	}
	phase := ""
	for _, write := range call.Writes {
		switch kind := write.Key.Text("kind"); {
		case strings.Contains(write.Table, "-token-use-"):
			return uncounted
		case kind == "change":
			return "feed"
		case write.After == nil:
			return "expiry" // of the details and the older parts of the log's index
		case strings.HasPrefix(write.Key.Text("deployment_uuid"), "index#"):
			return "progress"
		case write.Key.Text("resource_uuid") != "":
			if step := stepOf(write); step != "" {
				return step
			}
		case strings.HasSuffix(kind, "-state") && len(call.Writes) == 1:
			phase = "dating" // the list of the deployments that finished
			if write.Before.Text("removed") != write.After.Text("removed") {
				phase = "expiry"
			}
		case kind == "server-queue" && len(call.Writes) == 1 &&
			fmt.Sprint(write.Before["health"]) != fmt.Sprint(write.After["health"]):
			return "measure"
		case strings.HasPrefix(kind, "rollup"):
			return "sweep" // once a minute for the whole team
		}
	}
	if phase == "" && len(call.Writes) > 0 {
		return "other"
	}
	return phase
}

// stepOf names the change of a record, which its status, attempt and dates show.
func stepOf(write meter.Write) string {
	before, after := write.Before, write.After
	was, is := before.Text("status"), after.Text("status")
	switch {
	case was == "" && is == "queued":
		return "enqueue"
	case was == "queued" && is == "in_progress":
		return "claim"
	case was == "in_progress" && is != was:
		return "end"
	case before.Number("a") != after.Number("a"):
		return "begin"
	case before.Number("w") != after.Number("w"):
		return "follow"
	case before.Number("expires_at") != after.Number("expires_at"):
		return "dating"
	case is == "in_progress" && fmt.Sprint(before["p"]) == fmt.Sprint(after["p"]):
		return "renewal"
	case is == "in_progress":
		return "progress"
	}
	return ""
}

// printCosts prints the table of the costs and returns their sum.
func printCosts(name string, costs map[string]cost) cost {
	var total cost
	fmt.Printf("figure: the cost of a start with 30 lines over 20 s, %s\n", name)
	fmt.Printf("figure: %-9s %8s %11s %10s %9s %8s %8s %6s\n", "phase", "requests", "write units",
		"read units", "S3 writes", "S3 reads", "messages", "other")
	row := func(name string, c cost) {
		fmt.Printf("figure: %-9s %8d %11d %10.1f %9d %8d %8d %6d\n", name, c.requests, c.writeUnits,
			c.readUnits, c.objects, c.objectReads, c.messages, c.others)
	}
	for _, phase := range phases {
		c, has := costs[phase]
		if !has {
			continue
		}
		row(phase, c)
		total = cost{total.requests + c.requests, total.writeUnits + c.writeUnits,
			total.readUnits + c.readUnits, total.objects + c.objects, total.objectReads + c.objectReads,
			total.messages + c.messages, total.others + c.others}
	}
	row("total", total)
	return total
}
