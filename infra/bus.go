package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newBus returns the bus for the status events of the team's deployments: an existing one that
// teams share, or a new one. That has a fixed name, because other stacks attach rules to it.
func newBus(scope constructs.Construct, opts Options) awsevents.IEventBus {
	if opts.Bus != "" {
		return awsevents.EventBus_FromEventBusName(scope, jsii.String("Bus"), jsii.String(opts.Bus))
	}
	return awsevents.NewEventBus(scope, jsii.String("Bus"), &awsevents.EventBusProps{
		EventBusName: jsii.String(opts.prefix()),
	})
}
