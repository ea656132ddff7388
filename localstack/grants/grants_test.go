package grants_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/localstack/emulator"
	"waybill/localstack/grants"
)

// exception is a grant that no call of the end-to-end tests shows, and why.
type exception struct {
	grant  *regexp.Regexp
	reason string
}

// unseen are the exceptions.
var unseen = []exception{
	{regexp.MustCompile(`^dispatch: dynamodb:(DescribeStream|GetRecords|GetShardIterator) on .*/stream/`),
		"Lambda reads the streams with the function's role. MiniStack reads them without a role."},
	{regexp.MustCompile(`^dispatch: dynamodb:ListStreams on \*$`),
		"Lambda connects no stream to a role without it. MiniStack does not check that."},
	{regexp.MustCompile(`: sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes) on `),
		"Lambda reads the queues with the function's role. MiniStack reads them without a role."},
	{regexp.MustCompile(`^(dispatch|trigger): sqs:SendMessage on [a-z0-9-]*-(streams|schedules)-dead$`),
		"Lambda sends what a function has failed on with the function's role."},
	{regexp.MustCompile(`^[a-z]+: logs:(CreateLogStream|PutLogEvents) on `),
		"Lambda writes the log with the function's role. MiniStack keeps it in memory."},
	{regexp.MustCompile(`^(catalog|dispatch): iam:PassRole on `),
		"EventBridge Scheduler checks it when a schedule is created. MiniStack does not."},
	{regexp.MustCompile(`^[a-z]+: s3:ListBucket on `),
		"Without it, S3 answers that a missing object is forbidden. MiniStack says that it is missing."},
	{regexp.MustCompile(`^runner: s3:DeleteObjectVersion on `),
		"It is used only if an operator has switched versioning on."},
	{regexp.MustCompile(`^dispatch: s3:PutObject on [^/]*/configurations/`),
		"It is for two moments that meet: TestAConfigurationThatIsUsedMeanwhileIsPutBack."},
	{regexp.MustCompile(`^dispatch: scheduler:(CreateSchedule|DeleteSchedule) on `),
		"It repairs copies after the death of catalog: TestRepairMendsWhatACrashLeft."},
	{regexp.MustCompile(`^schedules: sqs:SendMessage on `),
		"EventBridge Scheduler sends with the role. MiniStack sends without one."},
}

// recorded returns the recording of the end-to-end tests.
func recorded(t *testing.T) (grants.Policies, []grants.Call) {
	t.Helper()
	folder := os.Getenv("WAYBILL_GRANTS")
	if folder == "" {
		t.Skip("needs the recording of the end-to-end tests: `make test` makes it; `make grants` reads it")
	}
	roles, calls, err := grants.Load(folder)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs a recording of all end-to-end tests: one was skipped or has failed")
	}
	if err != nil {
		t.Fatal(err)
	}
	return roles, calls
}

func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(emulator.Python(path, emulator.MiniStack)); err != nil {
		t.Skip("needs MiniStack: `make tools-ministack` installs it")
	}
	return path
}

func remove(t *testing.T, roles grants.Policies, calls []grants.Call) grants.Findings {
	t.Helper()
	found, err := grants.Remove(t.Context(), root(t), roles, calls)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestP10WithoutAnyGrantACallFails removes each grant of each role in turn, and prints which of
// the calls of the end-to-end tests then fail. A grant without which nothing fails is idle.
func TestP10WithoutAnyGrantACallFails(t *testing.T) {
	roles, calls := recorded(t)
	found := remove(t, roles, calls)
	for _, call := range found.Refused {
		t.Errorf("%s has no right to %s", grants.Owner(call.Role), call)
	}
	applied := make([]int, len(unseen))
	needed, twins := 0, 0
	seen := map[string]string{}
	for _, grant := range found.Grants {
		if len(grant.Denied) > 0 {
			seen[anyKind(grant)] = grant.Resource
		}
	}
	for _, grant := range found.Grants {
		if len(grant.Denied) > 0 {
			needed++
			t.Logf("without %s: failing calls: %d, such as %s", grant, len(grant.Denied), grant.Denied[0])
			continue
		}
		at := slices.IndexFunc(unseen,
			func(e exception) bool { return e.grant.MatchString(grant.String()) })
		if other := seen[anyKind(grant)]; other != "" && grant.Uses == 0 {
			twins++
			t.Logf("without %s: seen with another kind, on %s", grant, other)
			continue
		}
		if at < 0 {
			t.Errorf("without %s: nothing fails. It is used %d times.", grant, grant.Uses)
			continue
		}
		applied[at]++
		t.Logf("without %s: unseen. %s", grant, unseen[at].reason)
	}
	for i, one := range unseen {
		if applied[i] == 0 {
			t.Errorf("the exception %s applies to no grant", one.grant)
		}
	}
	t.Logf("figure: of %d grants, %d are needed by %d different calls, %d by the same code with another "+
		"kind of resource, and %d are not seen on MiniStack",
		len(found.Grants), needed, len(calls), twins, len(found.Grants)-needed-twins)
}

// kindTable matches the name of a table of deployments. The same code uses the three tables, and
// takes the table from the id of the deployment. So a grant is shown by one of them.
var kindTable = regexp.MustCompile(`(application|service|database)-deployments`)

// anyKind is the text of a grant that is the same for every kind of resource.
func anyKind(g grants.Grant) string { return kindTable.ReplaceAllString(g.String(), "*-deployments") }

// TestIdleGrantsAreFound has a role with one needed grant, one that is not used and two that allow
// the same.
func TestIdleGrantsAreFound(t *testing.T) {
	const role = "waybill-x-FunctionsRunnerRole0123ABCD-1"
	roles := grants.Policies{role: {json.RawMessage(`{"Statement": [
		{"Effect": "Allow", "Action": ["a:Get", "a:Put"], "Resource": ["arn:x:1", "arn:x:2"]},
		{"Effect": "Allow", "Action": "a:Twice", "Resource": "arn:x:*"},
		{"Effect": "Allow", "Action": "a:Twice", "Resource": "arn:x:1"},
		{"Effect": "Allow", "Action": "a:If", "Resource": "arn:x:1",
			"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["k"]}}}]}`)}}
	call := func(action, resource string, key ...any) grants.Call {
		context := map[string]any{}
		if len(key) > 0 {
			context["dynamodb:leadingkeys"] = key
		}
		return grants.Call{Role: role, Action: action, Resource: resource, Context: context, Allowed: true}
	}
	wrong := call("a:If", "arn:x:1", "other")
	found := remove(t, roles, []grants.Call{call("a:Get", "arn:x:1"), call("a:Get", "arn:x:1"),
		call("a:Twice", "arn:x:1"), call("a:If", "arn:x:1", "k"), wrong})
	got := map[string]int{}
	for _, grant := range found.Grants {
		got[grant.Action+" "+grant.Resource] += len(grant.Denied)
	}
	want := map[string]int{"a:Get arn:x:1": 2, "a:Get arn:x:2": 0, "a:Put arn:x:1": 0, "a:Put arn:x:2": 0,
		"a:Twice arn:x:*": 0, "a:Twice arn:x:1": 0, "a:If arn:x:1": 1}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("calls that fail without each grant (-got +want)\n%s", diff)
	}
	if diff := cmp.Diff(found.Refused, []grants.Call{wrong}); diff != "" {
		t.Errorf("refused (-got +want)\n%s", diff)
	}
}

func TestOwner(t *testing.T) {
	for role, want := range map[string]string{
		"waybill-e2e-FunctionsCatalogRole89FF3CB2-166976A8CE19D":       "catalog",
		"waybill-e2e-SchedulesRole523D57EE-D2F6BF6CED9E9":              "schedules",
		"cdk-hnb659fds-lookup-role-000000000000-us-east-1":             "",
		"waybill-functions-FunctionsDispatchRoleBCE61A7C-23CF85997FA4": "dispatch",
	} {
		if got := grants.Owner(role); got != want {
			t.Errorf("%s belongs to %q, want %q", role, got, want)
		}
	}
}
