package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/openapi"
)

// resources has the resources of the stack that the functions use.
type resources struct {
	stack   awscdk.Stack
	opts    Options
	keys    encryption
	tables  tables
	logs    awss3.Bucket
	queues  queues
	bus     awsevents.IEventBus
	secrets secrets
	// schedules send to one of the queues.
	schedules schedules
	// vpc is where the functions run that connect to servers, or nil.
	vpc *awslambda.CfnFunction_VpcConfigProperty
}

// New adds the stack of one team to the app, with the routes of its API. The
// error names a route whose function the stack does not have.
func New(app constructs.Construct, opts Options, routes []openapi.Route) (awscdk.Stack, error) {
	stack := awscdk.NewStack(app, jsii.String(opts.prefix()), &awscdk.StackProps{
		Description: jsii.String(
			"Waybill of team " + opts.Team + ": a record and a log for every deployment."),
		Env:  opts.place(),
		Tags: opts.tags(),
		// Operators deploy with their own rights, not with a role of the bootstrap
		// stack. So CloudTrail names the operator, and emulators that enforce IAM
		// accept it.
		Synthesizer:           awscdk.NewCliCredentialsStackSynthesizer(nil),
		TerminationProtection: jsii.Bool(opts.keepsData()),
		PermissionsBoundary:   opts.boundary(),
	})
	if !opts.Local {
		opts.warn(stack)
	}
	keys := newEncryption(stack, opts)
	res := resources{
		stack:   stack,
		opts:    opts,
		keys:    keys,
		tables:  newTables(stack, opts, keys),
		logs:    newLogBucket(stack, opts, keys),
		queues:  newQueues(stack, opts, keys),
		bus:     newBus(stack, opts),
		secrets: newSecrets(stack, opts),
		vpc:     newVPCConfig(stack, opts),
	}
	res.schedules = newSchedules(stack, opts, res.queues, keys)
	functions := newFunctions(res)
	newTriggers(res, functions)
	api, err := newAPI(res, routes, functions)
	if err != nil {
		return nil, err
	}
	linkToAPI(functions, api.url(opts))
	newAlarms(res, functions, api)
	newOutputs(res, functions, api)
	return stack, nil
}
