package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"waybill/internal/openapi"
)

// anyMethod is OpenAPI's extension for all methods that a path does not name: DELETE,
// GET, HEAD, OPTIONS, PATCH, POST and PUT.
const anyMethod = "x-amazon-apigateway-any-method"

// otherRoutes is the function that answers paths and methods that openapi.yaml does not
// have: 404, or 405 with the methods that the path has. It needs neither a token nor a
// table for that. list is the smallest function, so it starts fastest, and nothing that
// changes a state waits for it.
const otherRoutes = "list"

// minCompressedBytes is the size from which the gateway compresses an answer for a
// client that accepts gzip. A smaller one fits into one packet anyway.
const minCompressedBytes = 1024

// newDocument returns the OpenAPI document that the gateway imports. Its content is part
// of the API's deployment, and the import replaces all of it.
func newDocument(
	stack awscdk.Stack, name string, routes []openapi.Route, functions map[string]awslambda.Function,
) (map[string]any, error) {
	paths, err := gatewayPaths(stack, routes, functions)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"openapi": "3.0.1",
		"info":    map[string]any{"title": name, "version": "v1"},
		"paths":   paths,
		// Without these, the gateway would damage compressed bodies. The functions get
		// every body as base64, and answer texts as texts.
		"x-amazon-apigateway-binary-media-types":       []any{"*/*"},
		"x-amazon-apigateway-minimum-compression-size": minCompressedBytes,
		"x-amazon-apigateway-gateway-responses":        responsesExtension(),
	}, nil
}

// gatewayPaths returns the paths of the document: each method of each path with its
// function, and [otherRoutes] for all others. Without the latter, the gateway itself
// would refuse them, with 403 and a text about AWS's signatures for clients that send a
// token.
func gatewayPaths(
	stack awscdk.Stack, routes []openapi.Route, functions map[string]awslambda.Function,
) (map[string]any, error) {
	other, found := functions[otherRoutes]
	if !found {
		return nil, fmt.Errorf("the function %q is not in the stack", otherRoutes)
	}
	rest := operation(stack, other)
	paths := map[string]any{
		"/":         map[string]any{anyMethod: rest},
		"/{proxy+}": map[string]any{anyMethod: rest},
	}
	for _, route := range routes {
		function, found := functions[route.Function]
		if !found {
			return nil, fmt.Errorf("openapi.yaml: %s %s names the function %q, which is not in the stack",
				route.Method, route.Path, route.Function)
		}
		methods, known := paths[route.Path].(map[string]any)
		if !known {
			methods = map[string]any{anyMethod: rest}
			paths[route.Path] = methods
		}
		methods[strings.ToLower(route.Method)] = operation(stack, function)
	}
	return paths, nil
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
