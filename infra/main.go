// Package main is the CDK app: the stack of one team, waybill-TEAM, on AWS and
// on a local emulator alike.
//
// To deploy a team's stack, from the root of the checkout, with the CLI that
// localstack/package.json pins and the AWS credentials of who may deploy:
//
//	go build -o .local/bin/infra ./infra
//	for f in functions/*/; do
//		CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -trimpath \
//			-ldflags '-s -w' -o ".local/dist/$(basename "$f")/bootstrap" "./$f"
//	done
//	npm ci --prefix localstack
//	cd infra
//	../localstack/node_modules/.bin/cdk bootstrap   # once for an account and region
//	../localstack/node_modules/.bin/cdk deploy -c team=NAME
//
// The context is described at [Options].
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
	api, err := openapi.Load()
	if err != nil {
		return fmt.Errorf("read openapi.yaml: %w", err)
	}
	if _, err := New(app, opts, api.Routes()); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// NewApp returns an app whose templates depend on nothing but this code. They
// are written to the folder, or where the CDK CLI says when it is "".
func NewApp(folder string) awscdk.App {
	props := &awscdk.AppProps{
		// No metadata resource that phones home with every deployment.
		AnalyticsReporting: jsii.Bool(false),
		Context: &map[string]any{
			// The stack's tags are the CLI's to set on the stack, from which every
			// resource gets them; they need not be in each resource of the template.
			"@aws-cdk/core:explicitStackTags": true,
			// What the CDK knows to be wrong in a template is an error.
			"@aws-cdk/core:validateAgainstDefaultRules": true,
		},
	}
	if folder != "" {
		props.Outdir = jsii.String(folder)
	}
	return awscdk.NewApp(props)
}
