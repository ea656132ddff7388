package main_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	infra "waybill/infra"
	"waybill/internal/openapi"
)

// apiFunctions do nothing but answer requests.
var apiFunctions = []string{"catalog", "deploy", "inspect", "list", "show"}

func TestLimitsOfATeam(t *testing.T) {
	m := parse(t, full)
	for _, name := range functionNames {
		_, function := m.function(t, name)
		var want any
		switch {
		case name == "runner":
			want = 40.0
		case slices.Contains(apiFunctions, name):
			want = 20.0
		}
		if got := function.get("ReservedConcurrentExecutions"); got != want {
			t.Errorf("%s reserves %v, want %v", name, got, want)
		}
	}
	id, runner := m.function(t, "runner")
	if memory, limit := runner.get("MemorySize"), runner.get("Timeout"); memory != 512.0 || limit != 600.0 {
		t.Errorf("the runner has %v MB and %v s", memory, limit)
	}
	for _, mapping := range m.all(t, "AWS::Lambda::EventSourceMapping") {
		if target(mapping.get("FunctionName")) != id {
			continue
		}
		if got := mapping.get("ScalingConfig", "MaximumConcurrency"); got != 40.0 {
			t.Errorf("Lambda takes %v messages at once for 40 runners", got)
		}
		if got := m.Resources[target(mapping.get("EventSourceArn"))].get("VisibilityTimeout"); got != 600.0 {
			t.Errorf("a message is hidden for %v s", got)
		}
	}
	if got := alarmsOf(t, m)["runner-waits"].get("Threshold"); got != 1200.0 {
		t.Errorf("a queue that stands still is noticed after %v s", got)
	}
	for id, group := range m.all(t, "AWS::Logs::LogGroup") {
		if got := group.get("RetentionInDays"); got != 90.0 {
			t.Errorf("%s is kept for %v days", id, got)
		}
	}
}

func TestMoreRunnersAtOnce(t *testing.T) {
	for _, c := range []struct {
		limits infra.Limits
		want   int
	}{{infra.Limits{}, 200}, {infra.Limits{MaxRunners: 500}, 500},
		{infra.Limits{RunnerConcurrency: 900}, 200}, {infra.Limits{RunnerConcurrency: 50}, 50},
		{infra.Limits{RunnerConcurrency: 50, MaxRunners: 20}, 20}} {
		if got := infra.MaxRunners(c.limits); got != c.want {
			t.Errorf("%+v: %d runners, want %d", c.limits, got, c.want)
		}
	}
}

// TestSynthesisSaysWhatTeamsShare reads what the CDK's command line gets beside the template.
func TestSynthesisSaysWhatTeamsShare(t *testing.T) {
	text(t, onAWS) // skips where there is no CDK
	local := golden()
	local.Local = true
	for name, c := range map[string]struct {
		opts infra.Options
		want string
	}{
		"by default":         {golden(), "which all teams in it share"},
		"with a reservation": {everyOption(), "is taken from all others in the account"},
		"locally":            {local, ""},
	} {
		c.opts.Functions = t.TempDir()
		if err := placeholders(c.opts.Functions); err != nil {
			t.Fatal(err)
		}
		stack, err := infra.New(infra.NewApp(t.TempDir()), c.opts, openapi.Routes()[:1])
		if err != nil {
			t.Fatal(err)
		}
		warnings := ""
		for _, entry := range *stack.Node().Metadata() {
			if *entry.Type == "aws:cdk:warning" {
				warnings += fmt.Sprint(entry.Data)
			}
		}
		if (warnings != "") != (c.want != "") || !strings.Contains(warnings, c.want) {
			t.Errorf("%s, the warning is %q, want one with %q", name, warnings, c.want)
		}
		tags := map[string]string{}
		for key, value := range *stack.Tags().TagValues() {
			tags[key] = *value
		}
		want := map[string]string{"waybill-team": "golden"}
		if c.opts.Tags != "" {
			want["cost-center"], want["owner"] = "42", "web"
		}
		if diff := cmp.Diff(tags, want); diff != "" {
			t.Errorf("%s, tags, -got +want:\n%s", name, diff)
		}
		if got := *stack.TerminationProtection(); got != (name == "by default") {
			t.Errorf("%s, the stack is protected: %v", name, got)
		}
	}
}

// TestTheRegionIsFixedOnRequest: the CDK's command line deploys to the region of the stack, and to
// the one of the credentials if the stack has none.
func TestTheRegionIsFixedOnRequest(t *testing.T) {
	text(t, onAWS) // skips where there is no CDK
	for region, want := range map[string]string{
		"": "aws://unknown-account/unknown-region", "eu-central-1": "aws://unknown-account/eu-central-1",
	} {
		opts := golden()
		opts.Region, opts.Functions = region, t.TempDir()
		if err := placeholders(opts.Functions); err != nil {
			t.Fatal(err)
		}
		stack, err := infra.New(infra.NewApp(t.TempDir()), opts, openapi.Routes()[:1])
		if err != nil {
			t.Fatal(err)
		}
		if got := *stack.Environment(); got != want {
			t.Errorf("region=%s: the stack is in %s, want %s", region, got, want)
		}
	}
}

// TestWhatConnectsToServersRunsInTheVPC: the others keep their way to AWS without a NAT gateway.
func TestWhatConnectsToServersRunsInTheVPC(t *testing.T) {
	for form, synthesized := range map[string]func() ([]byte, error){"full": full, "existing": existing} {
		m := parse(t, synthesized)
		for _, name := range functionNames {
			_, function := m.function(t, name)
			vpc := function.get("VpcConfig")
			if (vpc != nil) != (name == "runner" || name == "inspect") {
				t.Errorf("%s: %s runs in %v", form, name, vpc)
			}
			if vpc == nil {
				continue
			}
			groups := list(at(vpc, "SecurityGroupIds"))
			given := []any{"sg-0a1b2c3d4e5f67890", "sg-1a1b2c3d4e5f67890"}
			if form == "existing" && !cmp.Equal(groups, given) {
				t.Errorf("%s has the groups %v", name, groups)
			}
			if form == "full" && m.Resources[target(groups[0])].Type != "AWS::EC2::SecurityGroup" {
				t.Errorf("%s has the groups %v", name, groups)
			}
			if at(vpc, "SubnetIds", 0) != "subnet-0a1b2c3d4e5f67890" {
				t.Errorf("%s has the subnets %v", name, at(vpc, "SubnetIds"))
			}
		}
	}
	for id, group := range parse(t, full).all(t, "AWS::EC2::SecurityGroup") {
		if group.get("SecurityGroupIngress") != nil || group.get("VpcId") != "vpc-0a1b2c3d4e5f67890" {
			t.Errorf("%s is %v", id, group.Properties)
		}
	}
}

// TestP10NoCodeMakesNetworkInterfaces: only Lambda itself may use the rights on interfaces.
func TestP10NoCodeMakesNetworkInterfaces(t *testing.T) {
	m := parse(t, full)
	for _, name := range functionNames {
		_, function := m.function(t, name)
		allowed, denied := map[any]bool{}, map[any]bool{}
		for _, s := range statements(t, m) {
			if s.in != target(function.get("Role")) {
				continue
			}
			for _, action := range list(at(s.tree, "Action")) {
				if !strings.HasPrefix(fmt.Sprint(action), "ec2:") {
					continue
				}
				code := fmt.Sprint(at(s.tree, "Condition", "ArnEquals", "lambda:SourceFunctionArn"))
				switch {
				case s.allows():
					allowed[action] = true
				case at(s.tree, "Resource") == "*" &&
					strings.Contains(code, ":function:waybill-golden-"+name):
					denied[action] = true
				}
			}
		}
		if diff := cmp.Diff(denied, allowed); diff != "" {
			t.Errorf("%s, -denied to its code +allowed:\n%s", name, diff)
		}
		if (len(allowed) > 0) != (function.get("VpcConfig") != nil) {
			t.Errorf("%s may %v, in the VPC %v", name, allowed, function.get("VpcConfig"))
		}
	}
}

// TestWhoReachesTheAPI compares the policies of the API.
func TestWhoReachesTheAPI(t *testing.T) {
	const allow = `{"Action":"execute-api:Invoke","Effect":"Allow","Principal":"*",` +
		`"Resource":"execute-api:/*"}`
	deny := func(condition string) string {
		return `{"Action":"execute-api:Invoke","Condition":{` + condition +
			`},"Effect":"Deny","Principal":"*","Resource":"execute-api:/*"}`
	}
	for name, c := range map[string]struct {
		form func() ([]byte, error)
		want string
	}{
		"everyone": {onAWS, "null"},
		"some addresses": {full, `{"Statement":[` + allow + `,` +
			deny(`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}`) +
			`],"Version":"2012-10-17"}`},
		"an endpoint": {private, `{"Statement":[` + allow + `,` +
			deny(`"StringNotEquals":{"aws:SourceVpce":"vpce-0a1b2c3d4e5f67890"}`) + `,` +
			deny(`"NotIpAddress":{"aws:VpcSourceIp":["10.0.0.0/8"]}`) + `],"Version":"2012-10-17"}`},
	} {
		m := parse(t, c.form)
		got, err := json.Marshal(m.document(t)["x-amazon-apigateway-policy"])
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s: the policy is\n%s, want\n%s", name, got, c.want)
		}
		for _, rest := range m.all(t, "AWS::ApiGateway::RestApi") {
			kind, endpoint := rest.get("EndpointConfiguration", "Types", 0), rest.get(
				"EndpointConfiguration", "VpcEndpointIds", 0)
			if name == "an endpoint" && (kind != "PRIVATE" || endpoint != "vpce-0a1b2c3d4e5f67890") ||
				name != "an endpoint" && (kind != "REGIONAL" || endpoint != nil) {
				t.Errorf("%s: the API is %v, at %v", name, kind, endpoint)
			}
		}
	}
}

func TestTheFirewallStandsBeforeTheStage(t *testing.T) {
	m := parse(t, full)
	for id, r := range m.all(t, "AWS::WAFv2::WebACLAssociation") {
		if !strings.HasSuffix(fmt.Sprint(r.get("WebACLArn")), "regional/webacl/teams/0a1b2c3d") ||
			!strings.Contains(fmt.Sprint(r.get("ResourceArn")), "/stages/") {
			t.Errorf("%s is %v", id, r.Properties)
		}
	}
}

// TestTheDomainLeadsToTheStage: of its own with a certificate, an existing one without.
func TestTheDomainLeadsToTheStage(t *testing.T) {
	for name, c := range map[string]struct {
		form func() ([]byte, error)
		own  bool
		base any
		url  string
	}{
		"with a certificate": {full, true, "ways", "https://deploy.example.org/ways"},
		"without one":        {existing, false, nil, "https://deploy.example.org"},
	} {
		m := parse(t, c.form)
		for id, mapping := range m.all(t, "AWS::ApiGateway::BasePathMapping") {
			if mapping.get("BasePath") != c.base || target(mapping.get("RestApiId")) == "" ||
				target(mapping.get("Stage")) == "" {
				t.Errorf("%s, %s is %v", name, id, mapping.Properties)
			}
			domain := m.Resources[target(mapping.get("DomainName"))]
			if c.own != (domain.get("DomainName") == "deploy.example.org") ||
				!c.own && mapping.get("DomainName") != "deploy.example.org" ||
				c.own && domain.get("SecurityPolicy") != "TLS_1_2" {
				t.Errorf("%s, the domain is %v", name, mapping.get("DomainName"))
			}
		}
		if got := at(m.Outputs["Url"], "Value"); got != c.url {
			t.Errorf("%s, the address is %v", name, got)
		}
		if _, told := m.Outputs["DomainTarget"]; told != c.own {
			t.Errorf("%s, the stack says where to point the domain: %v", name, told)
		}
	}
}

func TestABoundaryLimitsEveryRole(t *testing.T) {
	for id, role := range parse(t, full).all(t, "AWS::IAM::Role") {
		if got := role.get("PermissionsBoundary"); got != "arn:aws:iam::123456789012:policy/boundary" {
			t.Errorf("%s has the boundary %v", id, got)
		}
	}
}

// TestASharedBusHasNoRequestsOfOtherTeams: they would be dead letters of every team.
func TestASharedBusHasNoRequestsOfOtherTeams(t *testing.T) {
	m := parse(t, full)
	for id, rule := range m.all(t, "AWS::Events::Rule") {
		if rule.get("Name") != "waybill-golden-requested" {
			continue
		}
		if got := rule.get("EventPattern", "detail", "team", 0); got != "golden" {
			t.Errorf("%s takes requests for %v", id, got)
		}
		if got := rule.get("EventBusName"); got != "shared" {
			t.Errorf("%s is on the bus %v", id, got)
		}
	}
	for id, r := range m.Resources {
		if r.Type == "AWS::Events::EventBus" {
			t.Errorf("the stack has the bus %s", id)
		}
	}
	_, dispatch := m.function(t, "dispatch")
	if got := dispatch.get("Environment", "Variables", "WAYBILL_EVENT_BUS"); got != "shared" {
		t.Errorf("dispatch publishes on %v", got)
	}
	if may := strings.Join(rightsOf(t, m, "dispatch"), "\n"); !strings.Contains(may,
		"events:PutEvents :event-bus/shared") {
		t.Errorf("dispatch may not publish on the bus:\n%s", may)
	}
}

func TestDataGoesWithTheStackOnlyOnRequest(t *testing.T) {
	for policy, form := range map[string]func() ([]byte, error){"Retain": onAWS, "Delete": full} {
		m := parse(t, form)
		for _, kind := range []string{"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"} {
			for id, r := range m.all(t, kind) {
				if r.DeletionPolicy != policy {
					t.Errorf("%s: %s, want %s", id, r.DeletionPolicy, policy)
				}
				if protected, ok := r.get("Replicas", 0, "DeletionProtectionEnabled").(bool); ok &&
					protected != (policy == "Retain") {
					t.Errorf("%s is protected: %v", id, protected)
				}
			}
		}
	}
}

func TestTracingRecordsRequestsAndFunctions(t *testing.T) {
	m := parse(t, full)
	for id, function := range m.all(t, "AWS::Lambda::Function") {
		if got := function.get("TracingConfig", "Mode"); got != "Active" {
			t.Errorf("%s is traced: %v", id, got)
		}
	}
	for _, name := range functionNames {
		if may := rightsOf(t, m, name); !slices.Contains(may, "xray:PutTraceSegments ") ||
			!slices.Contains(may, "xray:PutTelemetryRecords ") {
			t.Errorf("%s cannot send what it traces", name)
		}
	}
	for id, stage := range m.all(t, "AWS::ApiGateway::Stage") {
		if stage.get("TracingEnabled") != true {
			t.Errorf("%s is not traced", id)
		}
	}
}

// TestTheRoleOfTheGatewayCanBeForeign: otherwise the stack of each team writes it again.
func TestTheRoleOfTheGatewayCanBeForeign(t *testing.T) {
	for id, r := range parse(t, full).Resources {
		if r.Type == "AWS::ApiGateway::Account" || strings.HasPrefix(id, "ApiGatewayRole") {
			t.Errorf("the stack has %s", id)
		}
	}
	parse(t, onAWS).all(t, "AWS::ApiGateway::Account")
}
