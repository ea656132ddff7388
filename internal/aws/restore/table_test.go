package restore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/restore"
	"waybill/internal/fault"
)

const source, next = "waybill-a-service-deployments-1", "waybill-a-service-deployments-2"

// tables is a DynamoDB that has the source, and restores it after a look.
type tables struct {
	restored, streams, expires bool
	looks                      int
	calls                      []string
}

func (d *tables) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var asked map[string]any
	_ = json.NewDecoder(r.Body).Decode(&asked)
	table := asked["TableName"]
	switch call {
	case "DescribeTable":
		d.describe(w, table)
		return
	case "DescribeTimeToLive":
		_, _ = fmt.Fprintf(w, `{"TimeToLiveDescription": {"TimeToLiveStatus": "%s"}}`,
			map[bool]string{false: "DISABLED", true: "ENABLED"}[d.expires])
		return
	case "RestoreTableToPointInTime":
		d.restored = true
	case "UpdateTimeToLive":
		d.expires = true
	case "UpdateTable":
		d.streams = d.streams || asked["StreamSpecification"] != nil
	}
	text, _ := json.Marshal(asked)
	d.calls = append(d.calls, call+" "+string(text))
	_, _ = w.Write([]byte("{}"))
}

func (d *tables) describe(w http.ResponseWriter, table any) {
	if table == next && !d.restored {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}`))
		return
	}
	status := "ACTIVE"
	if table == next {
		if d.looks++; d.looks == 1 {
			status = "CREATING"
		}
	}
	stream := `{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}`
	if table == next && !d.streams {
		stream = "null"
	}
	_, _ = fmt.Fprintf(w, `{"Table": {"TableName": %q, "TableStatus": %q, "StreamSpecification": %s,
		"DeletionProtectionEnabled": %t, "SSEDescription": {"SSEType": "KMS", "KMSMasterKeyArn": "key"}}}`,
		table, status, stream, table == source)
}

// restorer reaches the tables. waits counts the pauses.
func restorer(t *testing.T, d *tables) (tables restore.Tables, waits *int) {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	waits = new(int)
	return restore.Tables{
		Client: dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &server.URL,
			Retryer: aws.NopRetryer{}, Credentials: static()}),
		Wait: func(context.Context) error { *waits++; return nil },
		Say:  func(string) {},
	}, waits
}

func static() aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
	}
}

// TestARestoredTableHasWhatTheFirstOneHad: AWS restores items and indexes, and nothing else.
func TestARestoredTableHasWhatTheFirstOneHad(t *testing.T) {
	d := &tables{}
	all, waits := restorer(t, d)
	at := time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)
	if err := all.Restore(t.Context(), source, next, at); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`RestoreTableToPointInTime {"BillingModeOverride":"PAY_PER_REQUEST","RestoreDateTime":1796061600,` +
			`"SSESpecificationOverride":{"Enabled":true,"KMSMasterKeyId":"key","SSEType":"KMS"},` +
			`"SourceTableName":"` + source + `","TargetTableName":"` + next + `"}`,
		`UpdateTimeToLive {"TableName":"` + next + `",` +
			`"TimeToLiveSpecification":{"AttributeName":"expires_at","Enabled":true}}`,
		`UpdateContinuousBackups {"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true},` +
			`"TableName":"` + next + `"}`,
		`UpdateTable {"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"},` +
			`"TableName":"` + next + `"}`,
		`UpdateTable {"DeletionProtectionEnabled":true,"TableName":"` + next + `"}`,
	}
	if diff := cmp.Diff(d.calls, want); diff != "" {
		t.Errorf("requests, -got +want:\n%s", diff)
	}
	if *waits != 1 {
		t.Errorf("it waited %d times for the table", *waits)
	}
	d.calls = nil
	if err := all.Restore(t.Context(), source, next, at); err != nil || len(d.calls) != 2 {
		t.Errorf("once more: %v, %v; want the backups and the protection alone", err, d.calls)
	}
}

func TestTheLatestTimeIsTheDefault(t *testing.T) {
	d := &tables{}
	all, _ := restorer(t, d)
	if err := all.Restore(t.Context(), source, next, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.calls[0], `"UseLatestRestorableTime":true`) ||
		strings.Contains(d.calls[0], "RestoreDateTime") {
		t.Errorf("asked for %s", d.calls[0])
	}
}

func TestATableThatIsNotThereIsNotFound(t *testing.T) {
	all, _ := restorer(t, &tables{})
	if err := all.Restore(t.Context(), next, "other-3", time.Time{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("%v, want NotFound", err)
	}
}

func TestNextGeneration(t *testing.T) {
	for table, want := range map[string]string{source: next, "waybill-a-9": "waybill-a-10", "catalog": ""} {
		if got, err := restore.Next(table); got != want || (err == nil) != (want != "") {
			t.Errorf("after %s comes %s, %v", table, got, err)
		}
	}
}
