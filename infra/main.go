// Package main is the CDK app: the stack of one team, waybill-TEAM, for AWS and
// for a local emulator.
//
// To deploy a team's stack, from the root of the checkout and with AWS credentials
// that may deploy:
//
//	make dist
//	localstack/node_modules/.bin/cdk bootstrap aws://ACCOUNT/REGION   # once for each
//	cd infra
//	../localstack/node_modules/.bin/cdk deploy -c team=NAME
//
// The bootstrap needs no app, but in this folder the CLI would run it. The context is
// described at [Options].
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/openapi"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the cloud assembly where the CDK CLI told the app to.
func run() error {
	defer jsii.Close()
	app := NewApp("")
	opts, err := ReadOptions(func(name string) any { return app.Node().TryGetContext(jsii.String(name)) })
	if err != nil {
		return err
	}
	if _, err := New(app, opts, openapi.Routes()); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// NewApp returns an app whose templates depend only on this code. It writes them
// to the folder, or to the place that the CDK CLI chooses when it is "".
func NewApp(folder string) awscdk.App {
	props := &awscdk.AppProps{
		// No metadata resource, which would report every deployment.
		AnalyticsReporting: jsii.Bool(false),
		Context: &map[string]any{
			// The CLI sets the tags on the stack, which passes them to its resources.
			// So they need not be in each resource of the template.
			"@aws-cdk/core:explicitStackTags": true,
			// A template that breaks a rule of the CDK is an error.
			"@aws-cdk/core:validateAgainstDefaultRules": true,
		},
	}
	if folder != "" {
		props.Outdir = jsii.String(folder)
	}
	return awscdk.NewApp(props)
}
