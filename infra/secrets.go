package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// The folders of the secrets below the team's path, by their purpose. A role is limited
// to the purposes that it needs.
const (
	resourceSecrets = "resources"
	keySecrets      = "keys"
	registrySecrets = "registries"
	// notificationSecrets are the addresses of chats and webhooks, and signing secrets.
	notificationSecrets = "notifications"
	// webhookSecrets has one key, from which the secrets of all webhooks are derived.
	webhookSecrets = "webhooks"
	// traceSecrets are the headers of requests to the collector of traces.
	traceSecrets = "tracing"
)

// secrets is the path of the team's secrets in the parameter store. The stack
// makes no parameter: CloudFormation cannot hold a SecureString, and a secret does
// not belong in a template.
//
// The parameters are encrypted with the account's own key for the parameter store, or
// with the team's. A role that may read a parameter may use the account's key through
// it, so no role needs a right on that.
type secrets struct {
	stack awscdk.Stack
	// path has no slash at its end.
	path string
}

func newSecrets(stack awscdk.Stack, opts Options) secrets {
	return secrets{stack: stack, path: "/" + opts.prefix()}
}

// arns match every parameter of the purposes.
func (s secrets) arns(purposes ...string) []*string {
	arns := make([]*string, len(purposes))
	for i, purpose := range purposes {
		arns[i] = s.stack.FormatArn(&awscdk.ArnComponents{
			Service:      jsii.String("ssm"),
			Resource:     jsii.String("parameter"),
			ResourceName: jsii.String(s.path[1:] + "/" + purpose + "/*"),
		})
	}
	return arns
}
