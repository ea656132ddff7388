package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/settings"
)

// Time limits. API Gateway waits 29 s for a function and drops an answer after
// that. A shorter limit gains nothing: each call that a function makes has its own
// limit, and following a log waits 20 s on purpose. The runner takes Lambda's
// maximum by default, because each hand-over costs a connection to the server.
const (
	apiTimeout      = 29 * time.Second
	dispatchTimeout = time.Minute
	triggerTimeout  = time.Minute
	// One attempt takes ten seconds at most, and a few more around it.
	notifyTimeout = 30 * time.Second
)

// function describes one function of the stack.
type function struct {
	// name is the one in openapi.yaml, and the folder of its bootstrap.
	name, does string
	// memory is in MB. The share of a processor grows with it: 1,769 MB get one.
	memory  float64
	timeout time.Duration
	// api is set for the functions that do nothing but answer requests. A limit for trigger
	// would hold up events, too.
	api bool
	// reaches is set for the functions that connect to servers.
	reaches bool
	// environment names its settings, as package settings does.
	environment []string
	// may lists the statements of its role, without those for its own log.
	may func(resources) []awsiam.PolicyStatement
}

// notifyFunction is the function that sends notifications.
const notifyFunction = "notify"

// triggerFunction is the function that events lead to.
const triggerFunction = "trigger"

// inspectFunction is the function that catalog invokes.
const inspectFunction = "inspect"

// stackFunctions are the functions of the stack. Each has the memory that its
// largest piece of work needs. By default none reserves concurrency, which would take it
// from all other functions of the account.
var stackFunctions = []function{
	{
		name: "catalog", does: "Servers, keys, applications, services, databases and tokens.",
		// A compose file of 256 KiB becomes a tree of some ten times its size, and its
		// anchors may expand it to several MB.
		memory: 512, timeout: apiTimeout, api: true,
		environment: append(
			[]string{settings.Team, settings.AuditTable, settings.LogBucket, settings.SecretsPath,
				settings.SecretsKey, settings.InspectFunction, settings.MailTopics, settings.NotifyQueueURL,
				settings.DeliveriesTable, settings.NotifyLoopback,
				settings.Shards, settings.Retention, settings.TokenDays, settings.Throttle, settings.Images,
				settings.Buckets},
			append(settings.ForRequests(), settings.ForSchedules()...)...),
		may: resources.catalogMay,
	},
	{
		name: "deploy", does: "Starts, stops, restarts and rollbacks.",
		// One small transaction a request; the processor is for a quick start.
		memory: 256, timeout: apiTimeout, api: true,
		environment: append([]string{settings.Team, settings.AuditTable, settings.LogBucket, settings.Shards,
			settings.Retention, settings.Throttle}, settings.ForRequests()...),
		may: resources.deployMay,
	},
	{
		name: inspectFunction, does: "Connects to servers for requests.",
		// The log of a container of up to 4 MiB, masked and escaped into JSON.
		memory: 512, timeout: apiTimeout, api: true, reaches: true,
		environment: append([]string{settings.Team, settings.LogBucket, settings.SecretsPath,
			settings.Throttle}, settings.ForRequests()...),
		may: resources.inspectMay,
	},
	{
		name: "list", does: "Histories of deployments.",
		// At most 100 records of 1 KB an answer.
		memory: 256, timeout: apiTimeout, api: true,
		environment: append([]string{settings.Team, settings.Throttle, settings.TriggersTable},
			settings.ForRequests()...),
		may: resources.listMay,
	},
	{
		name: "show", does: "One deployment and its log.",
		// A page of 4 MiB, out of chunks of up to 8 MiB, escaped into JSON: 48 MiB at its peak while
		// a log with a line of 10 MiB was followed. The rest is for the share of a processor: people
		// wait for it, and half of the share would take twice as long for the same price.
		memory: 512, timeout: apiTimeout, api: true,
		environment: append([]string{settings.Team, settings.LogBucket, settings.Retention,
			settings.Throttle}, settings.ForRequests()...),
		may: resources.showMay,
	},
	{
		name: "dispatch", does: "Moves the queues on, tells of every change and forgets what was deleted.",
		// A batch of a hundred changes of two images of 1 KB, one after the
		// other: a few seconds, a minute when DynamoDB is slow.
		memory: 256, timeout: dispatchTimeout,
		environment: append(
			[]string{settings.Team, settings.APIURL, settings.RunnerQueueURL, settings.EventBus,
				settings.SecretsPath, settings.LogBucket, settings.AuditTable, settings.NotifyQueueURL,
				settings.DeliveriesTable, settings.TriggersTable, settings.Retention, settings.Metrics,
				settings.TraceEndpoint},
			append(settings.ForDeployments(), settings.ForSchedules()...)...),
		may: resources.dispatchMay,
	},
	{
		name: "runner", does: "Carries one deployment to its end.",
		// 83 MiB at its peak, whatever a job prints: BenchmarkMemory counts it while a job prints
		// 1 GiB. The rest is for the share of a processor that comes with it. With 128 MB, a run
		// would take twice as long for the same price, and a little more memory would end it.
		memory: 256, timeout: maxRunnerTimeout, reaches: true,
		environment: append(
			[]string{settings.Team, settings.LogBucket, settings.RunnerQueueURL, settings.SecretsPath,
				settings.Lease},
			settings.ForDeployments()...),
		may: resources.runnerMay,
	},
	{
		name: triggerFunction, does: "Turns events into deployments.",
		// The heads of all resources, to find the ones that an event concerns. A push of 4 MiB,
		// which is the body, its base64 and its commits.
		memory: 256, timeout: triggerTimeout,
		environment: append(
			[]string{settings.Team, settings.AuditTable, settings.LogBucket, settings.TriggersTable,
				settings.TriggerQueueURL, settings.TriggerDeadQueueURL, settings.Shards, settings.Retention,
				settings.SecretsPath},
			settings.ForDeployments()...),
		may: resources.triggerMay,
	},
	{
		name: notifyFunction, does: "Sends notifications.",
		// One message of a few KB. TLS is quick with this share of a processor.
		memory: 256, timeout: notifyTimeout,
		environment: []string{settings.Team, settings.APIURL, settings.CatalogTable, settings.SecretsPath,
			settings.LogBucket, settings.DeliveriesTable, settings.NotifyQueueURL,
			settings.NotifyDeadQueueURL, settings.MailTopics, settings.NotifyLoopback,
			settings.TraceEndpoint},
		may: resources.notifyMay,
	},
}

// newFunctions returns the functions of the stack by name.
func newFunctions(res resources) map[string]awslambda.Function {
	group := constructs.NewConstruct(res.stack, jsii.String("Functions"))
	made := map[string]awslambda.Function{}
	for _, f := range stackFunctions {
		made[f.name] = newFunction(group, res, f)
	}
	// The runner hands a long job over to itself through its queue. By default
	// Lambda drops a message that went round sixteen times, some four hours of a
	// job, as a loop. The end of the job ends this one.
	made["runner"].Node().DefaultChild().(awslambda.CfnFunction).SetRecursiveLoop(jsii.String("Allow"))
	return made
}

func newFunction(scope constructs.Construct, res resources, f function) awslambda.Function {
	id := capital(f.name)
	f, reserved := res.opts.sized(f)
	logs := newLogGroup(scope, id+"Log", res, f.name)
	props := &awslambda.FunctionProps{
		FunctionName: res.opts.name(f.name),
		Description:  jsii.String(f.does),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: architectures[res.opts.Architecture](),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(res.opts.Functions, f.name)), nil),
		MemorySize:   jsii.Number(f.memory),
		Timeout:      seconds(f.timeout),
		Environment:  res.environment(f.environment),
		LogGroup:     logs,
		// The role is complete. The CDK must not add to it.
		Role: newRole(scope, id+"Role", res.keys.allowed(append(f.may(res), res.always(f, logs)...))).
			WithoutPolicyUpdates(nil),
	}
	if reserved > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(reserved)
	}
	if res.opts.Tracing {
		props.Tracing = awslambda.Tracing_ACTIVE
	}
	if f.name == "dispatch" || f.name == triggerFunction {
		// Only a schedule invokes it asynchronously. The next call is a minute
		// away, so there is no need to retry this one. A call that Lambda cannot make for
		// a minute is a dead letter, and does not come hours later.
		props.RetryAttempts = jsii.Number(0)
		props.MaxEventAge = awscdk.Duration_Minutes(jsii.Number(1))
		props.OnFailure = awslambdadestinations.NewSqsDestination(res.queues.schedulesDead)
	}
	made := awslambda.NewFunction(scope, jsii.String(id), props)
	if f.reaches && res.vpc != nil {
		made.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(res.vpc)
	}
	return made
}

// architectures has the CDK's values of the context's names.
var architectures = map[string]func() awslambda.Architecture{
	"arm64":  awslambda.Architecture_ARM_64,
	"x86_64": awslambda.Architecture_X86_64,
}

// newLogGroup returns a log group with a name that an operator can guess,
// "/waybill-TEAM/runner".
func newLogGroup(scope constructs.Construct, id string, res resources, name string) awslogs.LogGroup {
	group := awslogs.NewLogGroup(scope, jsii.String(id), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/" + res.opts.prefix() + "/" + name),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	// The CDK has a constant for each number that CloudWatch knows, and nothing between.
	raw := group.Node().DefaultChild().(awslogs.CfnLogGroup)
	raw.SetRetentionInDays(jsii.Number(cmp.Or(res.opts.LogDays, defaultLogDays)))
	if key := res.keys.arn(); key != nil {
		raw.SetKmsKeyId(key)
	}
	return group
}

// environment returns the named settings with their values in this stack.
func (r resources) environment(names []string) *map[string]*string {
	values := map[string]*string{
		settings.Team:                   jsii.String(r.opts.Team),
		settings.CatalogTable:           r.tables.catalog.TableName(),
		settings.TokensTable:            r.tables.tokens.TableName(),
		settings.TokenUseTable:          r.tables.tokenUse.TableName(),
		settings.AuditTable:             r.tables.audit.TableName(),
		settings.ApplicationDeployments: r.tables.applications.TableName(),
		settings.ServiceDeployments:     r.tables.services.TableName(),
		settings.DatabaseDeployments:    r.tables.databases.TableName(),
		settings.LogBucket:              r.logs.BucketName(),
		settings.RunnerQueueURL:         r.queues.runner.QueueUrl(),
		settings.EventBus:               r.bus.EventBusName(),
		settings.DeliveriesTable:        r.tables.deliveries.TableName(),
		settings.NotifyQueueURL:         r.queues.notify.QueueUrl(),
		settings.NotifyDeadQueueURL:     r.queues.notifyDead.QueueUrl(),
		settings.MailTopics:             r.mailTopics(""),
		settings.TriggersTable:          r.tables.triggers.TableName(),
		settings.TriggerQueueURL:        r.queues.trigger.QueueUrl(),
		settings.TriggerDeadQueueURL:    r.queues.triggerDead.QueueUrl(),
		settings.TriggerQueueARN:        r.queues.trigger.QueueArn(),
		settings.ScheduleGroup:          r.schedules.group.Name(),
		settings.ScheduleRole:           r.schedules.role.RoleArn(),
		settings.SecretsPath:            jsii.String(r.secrets.path),
		settings.InspectFunction:        r.opts.name(inspectFunction),
	}
	if key := r.keys.arn(); key != nil {
		values[settings.SecretsKey] = key
	}
	for name, given := range r.opts.environment() {
		if given != "" {
			values[name] = jsii.String(given)
		}
	}
	chosen := map[string]*string{}
	for _, name := range names {
		if value, given := values[name]; given {
			chosen[name] = value
		}
	}
	return &chosen
}

// environment has the variables that options of the stack set. One that is "" is not set.
func (o Options) environment() map[string]string {
	values := map[string]string{settings.Lease: o.Lease, settings.Retention: o.Retention,
		settings.TokenDays: o.TokenDays, settings.Throttle: o.Throttle, settings.Images: o.Images,
		settings.Buckets: o.Buckets, settings.TraceEndpoint: o.Traces}
	if o.Shards > 1 {
		values[settings.Shards] = strconv.Itoa(o.Shards)
	}
	if !o.NoMetrics {
		values[settings.Metrics] = "true"
	}
	if o.NotifyLoopback {
		values[settings.NotifyLoopback] = "true"
	}
	return values
}

// linkToAPI gives the address of the API to the functions that write links. The API refers to
// its functions, so these are none of them.
func linkToAPI(functions map[string]awslambda.Function, url *string) {
	for _, f := range stackFunctions {
		if slices.Contains(f.environment, settings.APIURL) {
			functions[f.name].AddEnvironment(jsii.String(settings.APIURL), url, nil)
		}
	}
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}

// capital begins a name with a capital, as ids of constructs do.
func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
