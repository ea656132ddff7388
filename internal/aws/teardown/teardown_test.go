package teardown_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/teardown"
	"waybill/internal/fault"
)

// formation is a CloudFormation with the stack waybill-a. calls are what changed something.
func formation(t *testing.T, calls *[]string) *cloudformation.Client {
	t.Helper()
	member := func(kind, logical, physical string) string {
		return fmt.Sprintf("<member><ResourceType>%s</ResourceType>"+
			"<LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId></member>",
			kind, logical, physical)
	}
	answers := map[string]string{
		"GetTemplate": `<TemplateBody>{"Resources": {
			"Kept": {"Type": "AWS::DynamoDB::GlobalTable", "DeletionPolicy": "Retain"},
			"Lost": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete"},
			"Other": {"Type": "AWS::SQS::Queue"}}}</TemplateBody>`,
		"ListStackResources": "<StackResourceSummaries>" +
			member("AWS::DynamoDB::GlobalTable", "Kept", "waybill-a-catalog-1") +
			member("AWS::S3::Bucket", "Lost", "waybill-a-1") +
			member("AWS::SQS::Queue", "Other", "waybill-a-runner") + "</StackResourceSummaries>",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action, stack := r.FormValue("Action"), r.FormValue("StackName")
		if stack != "waybill-a" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>ValidationError</Code>"+
				"<Message>Stack with id %s does not exist</Message></Error></ErrorResponse>", stack)
			return
		}
		if answers[action] == "" {
			*calls = append(*calls, action+" "+stack+" "+r.FormValue("EnableTerminationProtection"))
		}
		_, _ = fmt.Fprintf(w, "<%sResponse><%sResult>%s</%[2]sResult></%[1]sResponse>", action, action,
			answers[action])
	}))
	t.Cleanup(server.Close)
	return cloudformation.New(cloudformation.Options{Region: "eu-central-1", BaseEndpoint: &server.URL,
		Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
		})})
}

func TestTheDeployedTemplateSaysWhatIsLost(t *testing.T) {
	var calls []string
	got, err := teardown.Look(t.Context(), formation(t, &calls), "waybill-a")
	want := teardown.Data{Kept: []string{"table waybill-a-catalog-1"}, Lost: []string{"bucket waybill-a-1"}}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v, -got +want:\n%s", err, diff)
	}
	if diff := cmp.Diff(got.Tables(), []string{"waybill-a-catalog-1"}); diff != "" {
		t.Errorf("tables, -got +want:\n%s", diff)
	}
	if len(calls) != 0 {
		t.Errorf("a look changed something: %v", calls)
	}
}

func TestAStackThatIsNotThereIsNotFound(t *testing.T) {
	var calls []string
	_, err := teardown.Look(t.Context(), formation(t, &calls), "waybill-b")
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("%v, want NotFound", err)
	}
}

func TestUnprotect(t *testing.T) {
	var calls []string
	err := teardown.Unprotect(t.Context(), formation(t, &calls), "waybill-a")
	want := []string{"UpdateTerminationProtection waybill-a false"}
	if diff := cmp.Diff(calls, want); diff != "" || err != nil {
		t.Errorf("%v, -got +want:\n%s", err, diff)
	}
}
