package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newStage returns the stage that serves the deployment. It writes a line for every
// request to a log of its own.
func newStage(
	scope constructs.Construct, res resources, deployment awsapigateway.Deployment,
) awsapigateway.Stage {
	stage := awsapigateway.NewStage(scope, jsii.String("Live"), &awsapigateway.StageProps{
		Deployment:           deployment,
		StageName:            jsii.String(stageName),
		ThrottlingRateLimit:  jsii.Number(requestsPerSecond),
		ThrottlingBurstLimit: jsii.Number(requestsAtOnce),
		AccessLogDestination: awsapigateway.NewLogGroupLogDestination(
			newLogGroup(scope, "AccessLog", res, "requests")),
		AccessLogFormat: accessLogFormat(),
		// Bodies may have secrets.
		DataTraceEnabled: jsii.Bool(false),
		TracingEnabled:   traced(res.opts),
	})
	if !res.opts.ForeignGatewayRole {
		stage.Node().AddDependency(newGatewayAccount(scope, res.opts))
	}
	return stage
}

// traced is nil without tracing, so that the property is absent.
func traced(opts Options) *bool {
	if !opts.Tracing {
		return nil
	}
	return jsii.Bool(true)
}

// accessLogFormat is one JSON object a request. Neither headers nor bodies are
// in it, so no token is.
func accessLogFormat() awsapigateway.AccessLogFormat {
	line, _ := json.Marshal(map[string]string{ // texts always encode
		"request_id":   *awsapigateway.AccessLogField_ContextRequestId(),
		"time":         *awsapigateway.AccessLogField_ContextRequestTime(),
		"ip":           *awsapigateway.AccessLogField_ContextIdentitySourceIp(),
		"method":       *awsapigateway.AccessLogField_ContextHttpMethod(),
		"path":         *awsapigateway.AccessLogField_ContextPath(),
		"status":       *awsapigateway.AccessLogField_ContextStatus(),
		"bytes":        *awsapigateway.AccessLogField_ContextResponseLength(),
		"milliseconds": *awsapigateway.AccessLogField_ContextResponseLatency(),
		// One of the gateway's constants, never a text that could break the line.
		"error": *awsapigateway.AccessLogField_ContextErrorResponseType(),
	})
	return awsapigateway.AccessLogFormat_Custom(jsii.String(string(line)))
}

// newGatewayAccount lets API Gateway write access logs. It is one setting for
// an account and region, shared by every API there, so it outlives the stack. Each
// stack writes it, unless the team says that another one keeps it.
// The role is AWS's own for that purpose.
func newGatewayAccount(scope constructs.Construct, opts Options) awsapigateway.CfnAccount {
	role := awsiam.NewRole(scope, jsii.String("GatewayRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(
			jsii.String("service-role/AmazonAPIGatewayPushToCloudWatchLogs"))},
	})
	account := awsapigateway.NewCfnAccount(scope, jsii.String("GatewayAccount"),
		&awsapigateway.CfnAccountProps{CloudWatchRoleArn: role.RoleArn()})
	role.ApplyRemovalPolicy(opts.removal())
	account.ApplyRemovalPolicy(opts.removal(), nil)
	return account
}
