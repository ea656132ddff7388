package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// secrets is the path of the team's secrets in the parameter store. The stack
// makes no parameter: CloudFormation cannot hold a SecureString, and a secret does
// not belong in a template.
//
// The parameters are encrypted with the account's own key for the parameter store.
// A role that may read a parameter may use this key through it, so no role needs
// a right on a key.
type secrets struct {
	// path has no slash at its end.
	path string
	// arn matches every parameter below the path.
	arn *string
}

func newSecrets(stack awscdk.Stack, opts Options) secrets {
	path := "/" + opts.prefix()
	return secrets{path: path, arn: stack.FormatArn(&awscdk.ArnComponents{
		Service:      jsii.String("ssm"),
		Resource:     jsii.String("parameter"),
		ResourceName: jsii.String(path[1:] + "/*"),
	})}
}
