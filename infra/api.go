package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/openapi"
)

// stageName is the first part of every path at the API's own address:
// https://ID.execute-api.REGION.amazonaws.com/live/api/v1/…
const stageName = "live"

// The most requests a second that the API lets through, and how many may come
// at once. One API serves one team. Following a log holds a function for 20 s,
// so fifty new followers a second would be all of the 1,000 functions that an
// account may run at once; the rest of a team's requests take milliseconds.
const (
	requestsPerSecond = 200
	requestsAtOnce    = 400
)

// api is the REST API and the one stage that it is served at.
type api struct {
	rest  awsapigateway.SpecRestApi
	stage awsapigateway.Stage
}

// url returns the address of the API, up to "/api/v1".
func (a api) url(opts Options) *string {
	if opts.URL == "" && opts.Domain != "" {
		return jsii.String(opts.domainURL())
	}
	if opts.URL != "" {
		return jsii.String(strings.ReplaceAll(opts.URL, apiID, *a.rest.RestApiId()))
	}
	return jsii.String(strings.TrimSuffix(*a.stage.UrlForPath(nil), "/"))
}

// newAPI returns the API with the routes. It is one resource, imported as a
// document: one resource for each path part and method would be a hundred. The
// gateway checks nothing. The functions check tokens, bodies and queries, by the
// same openapi.yaml.
//
// LocalStack 4.14 claims to update an existing API or stage and does not: restart
// it after a change of routes.
func newAPI(
	res resources, routes []openapi.Route, functions map[string]awslambda.Function,
) (api, error) {
	stack, opts := res.stack, res.opts
	group := constructs.NewConstruct(stack, jsii.String("Api"))
	name := opts.prefix()
	document, err := newDocument(stack, name, routes, functions)
	if err != nil {
		return api{}, err
	}
	if policy := opts.accessPolicy(); policy != nil {
		document[policyExtension] = policy
	}
	rest := awsapigateway.NewSpecRestApi(group, jsii.String("Rest"), &awsapigateway.SpecRestApiProps{
		RestApiName:           jsii.String(name),
		Description:           jsii.String("The API of Waybill, team " + opts.Team + "."),
		ApiDefinition:         awsapigateway.ApiDefinition_FromInline(document),
		EndpointConfiguration: opts.endpoint(group),
		Deploy:                jsii.Bool(false),
		CloudWatchRole:        jsii.Bool(false),
	})
	invoked(routes, functions, rest)
	// A stage serves the API as it was at its deployment. The CDK makes another
	// deployment when the document changes.
	deployment := awsapigateway.NewDeployment(group, jsii.String("Deployment"),
		&awsapigateway.DeploymentProps{Api: rest})
	made := api{rest: rest, stage: newStage(group, res, deployment)}
	opts.protect(group, made.stage)
	opts.serve(stack, group, made)
	return made, nil
}

// invoked lets the API's stage, and no other caller, invoke the functions that
// the routes name.
func invoked(
	routes []openapi.Route, functions map[string]awslambda.Function, rest awsapigateway.SpecRestApi,
) {
	done := map[string]bool{}
	for _, route := range routes {
		if done[route.Function] {
			continue
		}
		done[route.Function] = true
		functions[route.Function].AddPermission(jsii.String("Api"), &awslambda.Permission{
			Principal: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil),
			SourceArn: rest.ArnForExecuteApi(nil, nil, jsii.String(stageName)),
		})
	}
}
