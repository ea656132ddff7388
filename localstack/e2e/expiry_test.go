package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/aws/orphans"
)

// TestExpiry removes the record of a deployment, as DynamoDB does after its date: the
// stream tells of both in the same way.
func TestExpiry(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo kept")
	first, _ := w.deploy(t, app)
	second, _ := w.deploy(t, app)
	until(t, "the first deployment has a date, and the second has none", func() bool {
		return w.expiresAt(t, first.DeploymentUUID) != nil && w.expiresAt(t, second.DeploymentUUID) == nil
	})
	hold := "/deployments/" + first.DeploymentUUID + "/hold"
	for _, c := range []struct {
		method string
		body   any
		held   bool
	}{{"POST", map[string]any{"reason": "Inquiry 17"}, true}, {"DELETE", nil, false}} {
		if err := w.api.Do(t.Context(), c.method, hold, c.body, nil); err != nil {
			t.Fatalf("%s %s: %v", c.method, hold, err)
		}
		if dated := w.expiresAt(t, first.DeploymentUUID) != nil; dated == c.held {
			t.Errorf("after %s of a hold, it has a date: %t", c.method, dated)
		}
	}
	w.remove(t, app, first.DeploymentUUID)
	until(t, "the log of the first is gone, and the history counts one", func() bool {
		return w.objects(t, app, first.DeploymentUUID) == 0 && w.history(t, app) == 1
	})
	if w.objects(t, app, second.DeploymentUUID) == 0 {
		t.Error("the log of the second is gone as well")
	}
	if err := w.cloud.Orphans(t.Context(), true, func(one orphans.Orphan) {
		t.Errorf("%s is an orphan, and is a minute old", one.Log)
	}); err != nil {
		t.Error(err)
	}
	record, entries := w.deploy(t, app) // with the same configuration
	wantStatus(t, record, entries, "finished", "")
}

// until waits until the state is reached.
func until(t *testing.T, state string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, state)
		}
	}
}

func (w *world) expiresAt(t *testing.T, uuid string) *string {
	t.Helper()
	var shown struct {
		ExpiresAt *string `json:"expires_at"`
	}
	w.get(t, "/deployments/"+uuid, &shown)
	return shown.ExpiresAt
}

// objects returns the number of objects of a deployment's log.
func (w *world) objects(t *testing.T, app, uuid string) int {
	t.Helper()
	page, err := w.cloud.Session().S3().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(w.cloud.Outputs().LogBucket),
		Prefix: aws.String("logs/application/" + app + "/" + uuid + "/"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Contents)
}

// remove removes the record of a deployment from its table.
func (w *world) remove(t *testing.T, app, uuid string) {
	t.Helper()
	client := w.cloud.Session().DynamoDB()
	tables, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables.TableNames {
		if !strings.Contains(table, "application-deployments") {
			continue
		}
		if _, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String(table),
			Key: map[string]types.AttributeValue{
				"resource_uuid":   &types.AttributeValueMemberS{Value: app},
				"deployment_uuid": &types.AttributeValueMemberS{Value: uuid},
			},
		}); err != nil {
			t.Fatal(err)
		}
	}
}
