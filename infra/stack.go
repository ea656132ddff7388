package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/openapi"
)

// resources is what the functions work with.
type resources struct {
	stack   awscdk.Stack
	opts    Options
	tables  tables
	logs    awss3.Bucket
	queues  queues
	bus     awsevents.EventBus
	secrets secrets
}

// New adds the stack of one team to the app, with the routes of its API. The
// error names a route whose function the stack does not have.
func New(app constructs.Construct, opts Options, routes []openapi.Route) (awscdk.Stack, error) {
	stack := awscdk.NewStack(app, jsii.String("waybill-"+opts.Team), &awscdk.StackProps{
		Description: jsii.String("Waybill of team " + opts.Team + ": a record and a log for every deployment."),
		Tags:        &map[string]*string{"waybill-team": jsii.String(opts.Team)},
		// Whoever deploys does so with their own rights, not with those of a role
		// of the bootstrap stack: what was deployed is then in CloudTrail under
		// the name of who did it, and an emulator that enforces IAM takes it too.
		Synthesizer:           awscdk.NewCliCredentialsStackSynthesizer(nil),
		TerminationProtection: jsii.Bool(!opts.Local),
	})
	res := resources{
		stack:   stack,
		opts:    opts,
		tables:  newTables(stack, opts),
		logs:    newLogBucket(stack, opts),
		queues:  newQueues(stack, opts),
		bus:     newBus(stack, opts),
		secrets: newSecrets(stack, opts),
	}
	functions := newFunctions(res)
	newTriggers(res, functions)
	api, err := newAPI(stack, opts, routes, functions)
	if err != nil {
		return nil, err
	}
	newAlarms(res, functions, api)
	newOutputs(res, functions, api)
	return stack, nil
}

// removal is what becomes of data when it leaves the template or the stack is
// deleted: records and logs outlive a mistake. An emulator's account is thrown
// away as a whole.
func (o Options) removal() awscdk.RemovalPolicy {
	if o.Local {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN
}
