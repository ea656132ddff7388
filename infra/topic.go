package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// alarmTopic returns the topic that alarms are published to: the team's own, or a new one. SNS
// asks the owner of an address for a confirmation before it sends anything else.
func alarmTopic(scope constructs.Construct, res resources) awssns.ITopic {
	var topic awssns.ITopic
	if arn := res.opts.AlarmTopic; arn != "" {
		topic = awssns.Topic_FromTopicArn(scope, jsii.String("Topic"), jsii.String(arn))
	} else {
		topic = newAlarmTopic(scope, res)
	}
	if address := res.opts.AlarmEmail; address != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(address), nil))
	}
	return topic
}

// newAlarmTopic returns a topic that alarms of the account may publish to. The messages name an
// alarm and a figure, and no data of a deployment.
func newAlarmTopic(scope constructs.Construct, res resources) awssns.Topic {
	topic := awssns.NewTopic(scope, jsii.String("Topic"), &awssns.TopicProps{
		TopicName:   res.opts.name("alarms"),
		DisplayName: jsii.String("Waybill " + res.opts.Team),
		// Emulators are reached over plain HTTP, on loopback.
		EnforceSSL: jsii.Bool(!res.opts.Local),
	})
	alarm := res.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("cloudwatch"),
		Resource: jsii.String("alarm"), ResourceName: jsii.String("*"),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{
			awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": alarm}},
	}))
	return topic
}
