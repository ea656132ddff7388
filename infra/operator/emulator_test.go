package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/aws/awstest"
)

// account calls infra/team against an emulator, with functions that are never called.
type account struct{ environment []string }

func openAccount(t *testing.T) account {
	t.Helper()
	for _, tool := range []string{"localstack/node_modules/.bin/cdk", ".local/bin/infra",
		".local/bin/operator"} {
		if _, err := os.Stat(filepath.Join("..", "..", tool)); err != nil {
			if os.Getenv("WAYBILL_CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not there: make tools", tool)
		}
	}
	functions := t.TempDir()
	for _, name := range []string{"catalog", "deploy", "dispatch", "inspect", "list", "notify",
		"runner", "show", "trigger"} {
		if err := os.Mkdir(filepath.Join(functions, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(functions, name, "bootstrap"), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	made := account{[]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"AWS_ENDPOINT_URL=" + os.Getenv(awstest.EndpointVariable), "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=" + awstest.Region, "AWS_DEFAULT_REGION=" + awstest.Region,
		"AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_VERSION_CHECK=1", "CDK_CLI_DISABLE_TELEMETRY=true",
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20", "NO_COLOR=1", "APPROVAL=never",
		"ARCHITECTURE=" + map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH],
		"CONTEXT=local=true removal=retain functions=" + functions}}
	bootstrap := exec.Command("../../localstack/node_modules/.bin/cdk", "bootstrap",
		"aws://000000000000/"+awstest.Region)
	bootstrap.Env = made.environment
	if said, err := bootstrap.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return made
}

// team runs a command about the stack of a team, and returns what it said.
func (a account) team(command, team string, more ...string) (string, error) {
	run := exec.Command("../team", command)
	run.Env = append(append(a.environment, "TEAM="+team), more...)
	said, err := run.CombinedOutput()
	return string(said), err
}

// must is team for a command that works, and says the text.
func (a account) must(t *testing.T, text, command, team string, more ...string) {
	t.Helper()
	if said, err := a.team(command, team, more...); err != nil || !strings.Contains(said, text) {
		t.Fatalf("%s of %s: %v, want %q in\n%s", command, team, err, text, said)
	}
}

// TestStacksOfTwoTeamsInOneAccount deploys them, deploys one again, deletes it, and restores a table of
// the other one.
func TestStacksOfTwoTeamsInOneAccount(t *testing.T) {
	tables := awstest.Session(t).DynamoDB() // skips where there is no emulator
	here := openAccount(t)
	one := fmt.Sprintf("t%d", time.Now().UnixNano()%1e9) // its tables stay
	other := one + "-b"
	here.must(t, "✅", "deploy", one)
	here.must(t, "✅", "deploy", other)
	here.must(t, "(no changes)", "deploy", one)

	probe := map[string]types.AttributeValue{"kind": &types.AttributeValueMemberS{Value: "probe"},
		"uuid": &types.AttributeValueMemberS{Value: "one"}}
	catalog := aws.String("waybill-" + one + "-catalog-1")
	_, err := tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: catalog, Item: probe})
	if err != nil {
		t.Fatal(err)
	}
	if said, err := here.team("destroy", one); err == nil || !strings.Contains(said, "nothing was deleted") {
		t.Fatalf("without an answer: %v\n%s", err, said)
	}
	here.must(t, "destroyed", "destroy", one, "CONFIRM="+one)
	found, err := tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: catalog, Key: probe})
	if err != nil || len(found.Item) == 0 {
		t.Errorf("the catalog of the deleted stack has %v, %v", found, err)
	}
	here.must(t, "no differences", "diff", other)

	here.must(t, "generation=service-deployments=2", "restore", other, "TABLE=service-deployments")
	next := aws.String("waybill-" + other + "-service-deployments-2")
	table, err := tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: next})
	if err != nil || table.Table.StreamSpecification == nil ||
		!aws.ToBool(table.Table.StreamSpecification.StreamEnabled) {
		t.Errorf("the restored table has no stream: %v", err)
	}
	expiry, err := tables.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: next})
	if err != nil || aws.ToString(expiry.TimeToLiveDescription.AttributeName) != "expires_at" {
		t.Errorf("items of the restored table expire by %+v, %v", expiry, err)
	}
	restoreLogs(t, here, other)
	here.must(t, "destroyed", "destroy", other, "CONFIRM="+other)
}

// restoreLogs puts a chunk back that is only in a backup.
func restoreLogs(t *testing.T, here account, team string) {
	t.Helper()
	objects := awstest.Session(t).S3()
	backup, key := aws.String("backup-of-"+team), aws.String("logs/one/1")
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: backup}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: backup, Key: key,
		Body: strings.NewReader("chunk"), ContentEncoding: aws.String("gzip")}); err != nil {
		t.Fatal(err)
	}
	here.must(t, "1 objects were put back, 0 were there", "restore-logs", team, "FROM="+*backup)
	here.must(t, "0 objects were put back, 1 were there", "restore-logs", team, "FROM="+*backup)
	restored, err := objects.HeadObject(t.Context(), &s3.HeadObjectInput{Key: key,
		Bucket: aws.String("waybill-" + team + "-000000000000-" + awstest.Region)})
	if err != nil || aws.ToString(restored.ContentEncoding) != "gzip" {
		t.Errorf("the chunk: %+v, %v", restored, err)
	}
}
