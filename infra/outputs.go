package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// newOutputs adds the outputs for the operator. Url is the API's address, up to
// "/api/v1".
func newOutputs(res resources, functions map[string]awslambda.Function, api api) {
	output := func(name string, value *string) {
		awscdk.NewCfnOutput(res.stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value})
	}
	output("ApiId", api.rest.RestApiId())
	output("Stage", api.stage.StageName())
	output("Url", api.url(res.opts))
	output("CatalogFunction", functions["catalog"].FunctionName())
	output("CatalogTable", res.tables.catalog.TableName())
	output("LogBucket", res.logs.BucketName())
	output("RunnerQueueUrl", res.queues.runner.QueueUrl())
	output("NotifyDeadQueueUrl", res.queues.notifyDead.QueueUrl())
	output("TriggerQueueUrl", res.queues.trigger.QueueUrl())
	output("TriggerDeadQueueUrl", res.queues.triggerDead.QueueUrl())
	output("EventBus", res.bus.EventBusName())
}
