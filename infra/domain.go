package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/settings"
)

// policyExtension is OpenAPI's extension for the policy of an API. As a part of the document it
// belongs to the deployment: a policy alone takes effect only with the next one.
const policyExtension = "x-amazon-apigateway-policy"

// accessPolicy says who reaches the API, or is nil when all do. Tokens are checked all the same.
func (n Network) accessPolicy() map[string]any {
	const all = "execute-api:/*"
	deny := func(operator, key string, values any) map[string]any {
		return map[string]any{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
			"Resource": all, "Condition": map[string]any{operator: map[string]any{key: values}}}
	}
	statements := []any{map[string]any{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
		"Resource": all}}
	address := "aws:SourceIp"
	if n.PrivateEndpoint != "" {
		statements = append(statements, deny("StringNotEquals", "aws:SourceVpce", n.PrivateEndpoint))
		address = "aws:VpcSourceIp"
	}
	if blocks := settings.List(n.Allow); len(blocks) > 0 {
		statements = append(statements, deny("NotIpAddress", address, blocks))
	}
	if len(statements) == 1 {
		return nil
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

// endpoint is how the API is reached: by its VPC endpoint, or from the internet.
func (n Network) endpoint(scope constructs.Construct) *awsapigateway.EndpointConfiguration {
	if n.PrivateEndpoint == "" {
		return &awsapigateway.EndpointConfiguration{
			Types: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL}}
	}
	const https = 443
	only := awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(scope, jsii.String("Endpoint"),
		&awsec2.InterfaceVpcEndpointAttributes{VpcEndpointId: jsii.String(n.PrivateEndpoint),
			Port: jsii.Number(https)})
	return &awsapigateway.EndpointConfiguration{
		Types:        &[]awsapigateway.EndpointType{awsapigateway.EndpointType_PRIVATE},
		VpcEndpoints: &[]awsec2.IVpcEndpoint{only},
	}
}

// protect puts the web ACL before the stage.
func (n Network) protect(scope constructs.Construct, stage awsapigateway.Stage) {
	if n.WAF == "" {
		return
	}
	awswafv2.NewCfnWebACLAssociation(scope, jsii.String("Firewall"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: stage.StageArn(), WebAclArn: jsii.String(n.WAF)})
}

// serve serves the stage at the domain. If the stack makes the domain, the output DomainTarget has
// the name that its record in DNS must point to.
func (n Network) serve(stack awscdk.Stack, scope constructs.Construct, made api) {
	if n.Domain == "" {
		return
	}
	name := jsii.String(n.Domain)
	if n.Certificate != "" {
		domain := awsapigateway.NewCfnDomainName(scope, jsii.String("Domain"),
			&awsapigateway.CfnDomainNameProps{
				DomainName:             name,
				RegionalCertificateArn: jsii.String(n.Certificate),
				EndpointConfiguration: &awsapigateway.CfnDomainName_EndpointConfigurationProperty{
					Types: jsii.Strings("REGIONAL")},
				SecurityPolicy: jsii.String("TLS_1_2"),
			})
		name = domain.Ref()
		awscdk.NewCfnOutput(stack, jsii.String("DomainTarget"),
			&awscdk.CfnOutputProps{Value: domain.AttrRegionalDomainName()})
	}
	mapping := &awsapigateway.CfnBasePathMappingProps{DomainName: name, RestApiId: made.rest.RestApiId(),
		Stage: made.stage.StageName()}
	if n.BasePath != "" {
		mapping.BasePath = jsii.String(n.BasePath)
	}
	awsapigateway.NewCfnBasePathMapping(scope, jsii.String("Mapping"), mapping)
}
