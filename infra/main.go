// Package main is the CDK app: the stack of one team, waybill-TEAM, for AWS and
// for a local emulator.
//
// The Makefile calls it: make deploy TEAM=NAME. The context is described at [Options]. The options of
// a team may be in a file, teams/NAME.json.
package main

import (
	"errors"
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
	file, err := readTeamFile(teamFiles, func(name string) any {
		return app.Node().TryGetContext(jsii.String(name))
	})
	if err != nil {
		return err
	}
	opts, err := ReadOptions(credentials(file.lookup))
	if err = errors.Join(err, file.unread()); err != nil {
		return err
	}
	if _, err := New(app, opts, openapi.Routes()); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// credentials adds the account and the region that the CDK's command line has found to a context that
// adopts data without naming them.
func credentials(lookup func(name string) any) func(name string) any {
	found := map[string]string{"account": "CDK_DEFAULT_ACCOUNT", "region": "CDK_DEFAULT_REGION"}
	return func(name string) any {
		value := lookup(name)
		if variable, is := found[name]; is && value == nil && fmt.Sprint(lookup("adopt")) == "true" {
			return os.Getenv(variable)
		}
		return value
	}
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
