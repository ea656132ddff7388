package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newBus returns the bus on which the team's deployments tell of their status.
// It has a name of its own, because other stacks put their rules on it.
func newBus(scope constructs.Construct, opts Options) awsevents.EventBus {
	return awsevents.NewEventBus(scope, jsii.String("Bus"), &awsevents.EventBusProps{
		EventBusName: jsii.String("waybill-" + opts.Team),
	})
}
