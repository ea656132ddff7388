package grants

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/aws/rawcall"
)

// trust lets Lambda take a role. MiniStack lets its administrator do so, too.
const trust = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
	"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`

// Assume creates the role, and returns the configuration of a session with it.
func Assume(ctx context.Context, admin rawcall.Caller, role string) (rawcall.Caller, error) {
	err := ask(ctx, admin, nil, "CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust)
	if err != nil {
		return rawcall.Caller{}, err
	}
	var session struct {
		ID     string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		Secret string `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
		Token  string `xml:"AssumeRoleResult>Credentials>SessionToken"`
	}
	err = ask(ctx, admin, &session, "AssumeRole", "RoleArn", "arn:aws:iam::000000000000:role/"+role,
		"RoleSessionName", "test")
	if err != nil {
		return rawcall.Caller{}, err
	}
	return admin.As(session.ID, session.Secret, session.Token), nil
}

// Put makes the documents the only policies of the role.
func Put(ctx context.Context, admin rawcall.Caller, role string, documents []json.RawMessage) error {
	for i, document := range documents {
		err := ask(ctx, admin, nil, "PutRolePolicy", "RoleName", role, "PolicyName", fmt.Sprint("own", i),
			"PolicyDocument", string(document))
		if err != nil {
			return err
		}
	}
	return nil
}

// statement is a statement of a policy. Its actions and resources are a text or a list.
type statement struct {
	Effect    string          `json:"Effect"`
	Action    texts           `json:"Action"`
	Resource  texts           `json:"Resource"`
	Condition json.RawMessage `json:"Condition,omitempty"`
}

// texts is a list of texts. A single one may stand for itself.
type texts []string

// UnmarshalJSON reads a text or a list.
func (t *texts) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(t))
}

// Without returns the documents without the grant. It splits the statement that has it.
func Without(documents []json.RawMessage, grant Grant) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for _, document := range documents {
		var policy struct {
			Version   string      `json:"Version"`
			Statement []statement `json:"Statement"`
		}
		if err := json.Unmarshal(document, &policy); err != nil {
			return nil, err
		}
		var left []statement
		for _, s := range policy.Statement {
			left = append(left, s.without(grant)...)
		}
		policy.Statement = left
		text, err := json.Marshal(policy)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// without returns the rest of the statement: itself if it has another condition.
func (s statement) without(grant Grant) (left []statement) {
	var condition map[string]any
	_ = json.Unmarshal(s.Condition, &condition) // absent is no condition
	if s.Effect != "Allow" || !slices.Contains(s.Action, grant.Action) ||
		!slices.Contains(s.Resource, grant.Resource) ||
		fmt.Sprint(condition) != fmt.Sprint(grant.Condition) {
		return []statement{s}
	}
	actions, resources := s, s
	actions.Action = slices.DeleteFunc(slices.Clone(s.Action),
		func(one string) bool { return one == grant.Action })
	resources.Action = texts{grant.Action}
	resources.Resource = slices.DeleteFunc(slices.Clone(s.Resource),
		func(one string) bool { return one == grant.Resource })
	for _, rest := range []statement{actions, resources} {
		if len(rest.Action) > 0 && len(rest.Resource) > 0 {
			left = append(left, rest)
		}
	}
	return left
}

// CreateTable creates a table with the partition key and the sort key, which are texts.
func CreateTable(ctx context.Context, admin rawcall.Caller, table, partition, sort string) error {
	body := fmt.Sprintf(`{"TableName": %q, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": %q, "AttributeType": "S"},
			{"AttributeName": %q, "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": %[2]q, "KeyType": "HASH"},
			{"AttributeName": %[3]q, "KeyType": "RANGE"}]}`, table, partition, sort)
	refused, err := RefusedTarget(ctx, admin, "DynamoDB_20120810.CreateTable", body)
	if err == nil && refused {
		err = fmt.Errorf("the table %s was refused", table)
	}
	return err
}

// CreateBucket creates a bucket.
func CreateBucket(ctx context.Context, admin rawcall.Caller, bucket string) error {
	_, err := refused(ctx, admin, rawcall.Request{Service: "s3", Method: http.MethodPut, Path: "/" + bucket})
	return err
}

// Refused makes a call of the action on the resource, and tells whether it was refused for the
// lack of a right. Only a bucket must exist: of any other resource, rights are checked first.
func Refused(ctx context.Context, as rawcall.Caller, call Call) (bool, error) {
	service, operation, _ := strings.Cut(call.Action, ":")
	name := call.Resource[strings.LastIndex(call.Resource, ":")+1:]
	switch service {
	case "dynamodb":
		return RefusedTarget(ctx, as, "DynamoDB_20120810."+operation, tableRequest(operation, name))
	case "sqs":
		return RefusedTarget(ctx, as, "AmazonSQS."+operation,
			fmt.Sprintf(`{"QueueUrl": "%s/000000000000/%s"}`, as.Endpoint(), name))
	case "ssm":
		return RefusedTarget(ctx, as, "AmazonSSM."+operation,
			fmt.Sprintf(`{"Names": [%q], "Name": %[1]q}`, strings.TrimPrefix(name, "parameter")))
	case "events":
		return RefusedTarget(ctx, as, "AWSEvents."+operation, fmt.Sprintf(`{"Entries": [{"EventBusName": %q,
			"Source": "x", "DetailType": "x", "Detail": "{}"}]}`, strings.TrimPrefix(name, "event-bus/")))
	case "sns":
		form := url.Values{"Action": {operation}, "Version": {"2010-03-31"}, "TopicArn": {call.Resource},
			"Name": {name}, "Protocol": {"email"}, "Endpoint": {"a@example.com"}, "Message": {"test"}}
		return refused(ctx, as, rawcall.Request{Service: service, Method: http.MethodPost, Path: "/",
			Type: formType, Body: form.Encode()})
	case "s3":
		method, known := map[string]string{"GetObject": http.MethodGet, "PutObject": http.MethodPut,
			"DeleteObject": http.MethodDelete, "ListBucket": http.MethodGet,
			"ListBucketVersions": http.MethodGet}[operation]
		if operation == "ListBucketVersions" {
			name += "?versions"
		}
		if known {
			return refused(ctx, as, rawcall.Request{Service: service, Method: method, Path: "/" + name})
		}
	case "lambda":
		return refused(ctx, as, rawcall.Request{Service: service, Method: http.MethodPost,
			Path: "/2015-03-31/functions/" + name + "/invocations", Type: "application/json", Body: "{}"})
	case "scheduler":
		return refusedSchedule(ctx, as, operation, name)
	}
	return false, fmt.Errorf("no request is known for %s: add it", call.Action)
}

// refusedSchedule is Refused for schedules, whose names are "schedule/GROUP/NAME".
func refusedSchedule(ctx context.Context, as rawcall.Caller, operation, name string) (bool, error) {
	request := rawcall.Request{Service: "scheduler", Method: http.MethodGet, Path: "/schedules"}
	if operation == "ListSchedules" {
		return refused(ctx, as, request)
	}
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return false, fmt.Errorf("%q is no schedule", name)
	}
	request.Method, request.Path = http.MethodDelete, "/schedules/"+parts[2]+"?groupName="+parts[1]
	if operation == "CreateSchedule" {
		request.Method, request.Path = http.MethodPost, "/schedules/"+parts[2]
		request.Type, request.Body = "application/json", fmt.Sprintf(`{"GroupName": %q}`, parts[1])
	}
	return refused(ctx, as, request)
}

// tableRequest returns the body of a request for a table, or for an index of one.
func tableRequest(operation, name string) string {
	table, index, indexed := strings.Cut(strings.TrimPrefix(name, "table/"), "/index/")
	if operation == "BatchGetItem" {
		return fmt.Sprintf(`{"RequestItems": {%q: {"Keys": [{}]}}}`, table)
	}
	if indexed {
		return fmt.Sprintf(`{"TableName": %q, "IndexName": %q}`, table, index)
	}
	return fmt.Sprintf(`{"TableName": %q}`, table)
}

// RefusedTarget is [Refused] for a service whose requests are JSON with a target.
func RefusedTarget(ctx context.Context, as rawcall.Caller, target, body string) (bool, error) {
	prefix, _, _ := strings.Cut(target, ".")
	service := map[string]string{"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AmazonSSM": "ssm",
		"AWSEvents": "events"}[prefix]
	typ := "application/x-amz-json-1.0"
	if service == "ssm" || service == "events" {
		typ = "application/x-amz-json-1.1"
	}
	return refused(ctx, as, rawcall.Request{Service: service, Method: http.MethodPost, Path: "/",
		Type: typ, Target: target, Body: body})
}

// refused sends a request, and tells whether it was refused for the lack of a right. A request that
// is refused for another reason is an error.
func refused(ctx context.Context, as rawcall.Caller, request rawcall.Request) (bool, error) {
	status, said, err := as.Send(ctx, request)
	if err != nil {
		return false, err
	}
	for _, word := range []string{"AccessDenied", "AuthorizationError"} {
		if strings.Contains(string(said), word) {
			return true, nil
		}
	}
	if status == http.StatusForbidden || status == http.StatusUnauthorized {
		return false, fmt.Errorf("%s %s%s: %d: %s",
			request.Method, request.Path, request.Target, status, said)
	}
	return false, nil
}
