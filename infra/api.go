package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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

// newAPI returns the API with the routes. It is one resource, imported as a
// document: one resource for each path part and method would be a hundred. The
// gateway checks nothing. The functions check tokens, bodies and queries, by the
// same openapi.yaml.
//
// LocalStack 4.14 claims to update an existing API or stage and does not: restart
// it after a change of routes.
func newAPI(
	stack awscdk.Stack, opts Options, routes []openapi.Route, functions map[string]awslambda.Function,
) (api, error) {
	group := constructs.NewConstruct(stack, jsii.String("Api"))
	paths, err := gatewayPaths(stack, routes, functions)
	if err != nil {
		return api{}, err
	}
	name := opts.prefix()
	rest := awsapigateway.NewSpecRestApi(group, jsii.String("Rest"), &awsapigateway.SpecRestApiProps{
		RestApiName: jsii.String(name),
		Description: jsii.String("The API of Waybill, team " + opts.Team + "."),
		ApiDefinition: awsapigateway.ApiDefinition_FromInline(map[string]any{
			"openapi": "3.0.1",
			"info":    map[string]any{"title": name, "version": "v1"},
			"paths":   paths,
		}),
		EndpointTypes:  &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		Deploy:         jsii.Bool(false),
		CloudWatchRole: jsii.Bool(false),
	})
	invoked(routes, functions, rest)
	deployment := awsapigateway.NewDeployment(group, jsii.String("Deployment"),
		&awsapigateway.DeploymentProps{Api: rest})
	for _, response := range newResponses(group, rest) {
		deployment.Node().AddDependency(response)
	}
	// A stage serves the API as it was at its deployment. The CDK makes another
	// deployment when the document changes. It must do so for these texts, too.
	deployment.AddToLogicalId(responseTexts())
	return api{rest: rest, stage: newStage(group, opts, deployment)}, nil
}

// gatewayPaths returns the paths of the document: each method of each path with
// its function. A GET on a path that has only a POST goes to the POST's function,
// which names the right method: older clients start resources with a GET. The
// gateway itself refuses every other path and method.
func gatewayPaths(
	stack awscdk.Stack, routes []openapi.Route, functions map[string]awslambda.Function,
) (map[string]any, error) {
	paths := map[string]map[string]any{}
	for _, route := range routes {
		function, found := functions[route.Function]
		if !found {
			return nil, fmt.Errorf("openapi.yaml: %s %s names the function %q, which is not in the stack",
				route.Method, route.Path, route.Function)
		}
		if paths[route.Path] == nil {
			paths[route.Path] = map[string]any{}
		}
		paths[route.Path][strings.ToLower(route.Method)] = operation(stack, function)
	}
	document := map[string]any{}
	for path, methods := range paths {
		if post, found := methods["post"]; found && len(methods) == 1 {
			methods["get"] = post
		}
		document[path] = methods
	}
	return document, nil
}

// operation returns a method that the function answers. The function checks
// everything about a request, so the gateway needs to know nothing more.
func operation(stack awscdk.Stack, function awslambda.Function) map[string]any {
	return map[string]any{
		"responses": map[string]any{},
		"x-amazon-apigateway-integration": map[string]any{
			"type": "aws_proxy",
			// How the gateway calls Lambda, whatever the method of the route.
			"httpMethod": "POST",
			"uri": fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations",
				*stack.Partition(), *stack.Region(), *function.FunctionArn()),
		},
	}
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
