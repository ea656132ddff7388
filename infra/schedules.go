package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// schedules is the group of EventBridge Scheduler that has the copies of the schedules, and the
// role that these send messages with.
type schedules struct {
	group awsscheduler.CfnScheduleGroup
	role  awsiam.Role
}

const schedulerService = "scheduler.amazonaws.com"

// newSchedules returns the group and a role that may only send to the queue of events. Scheduler
// takes the role only for schedules of the group.
func newSchedules(scope constructs.Construct, opts Options, queues queues, keys encryption) schedules {
	of := constructs.NewConstruct(scope, jsii.String("Schedules"))
	group := awsscheduler.NewCfnScheduleGroup(of, jsii.String("Group"),
		&awsscheduler.CfnScheduleGroupProps{Name: jsii.String(opts.prefix())})
	send := keys.allowed([]awsiam.PolicyStatement{allow(on(queues.trigger.QueueArn()), "sqs:SendMessage")})
	role := awsiam.NewRole(of, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String(schedulerService), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID(),
				"aws:SourceArn":     group.AttrArn(),
			}},
		}),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"own": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &send}),
		},
	})
	return schedules{group, role}
}

// dropped counts the due times that the service could not tell of within its time for trying (User
// Guide, "Monitoring with CloudWatch").
func (s schedules) dropped() awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String("AWS/Scheduler"),
		MetricName:    jsii.String("InvocationDroppedCount"),
		DimensionsMap: &map[string]*string{"ScheduleGroup": s.group.Name()},
		Statistic:     jsii.String("Sum"),
		Period:        awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

// keepSchedules allows to add and remove schedules of the group, and to give them the role.
func (r resources) keepSchedules() []awsiam.PolicyStatement {
	group := r.opts.prefix()
	if r.opts.Local {
		// MiniStack takes every schedule for one of the group "default" when it checks rights.
		group = "default"
	}
	all := r.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("scheduler"),
		Resource: jsii.String("schedule"), ResourceName: jsii.String(group + "/*")})
	return []awsiam.PolicyStatement{
		allow(on(all), "scheduler:CreateSchedule", "scheduler:DeleteSchedule"),
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions:   jsii.Strings("iam:PassRole"),
			Resources: &[]*string{r.schedules.role.RoleArn()},
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"iam:PassedToService": schedulerService,
			}},
		}),
	}
}
