package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/settings"
)

// Network is where the functions run, and who reaches the API.
type Network struct {
	// VPC (vpc) and Subnets (subnets) are where the functions run that connect to servers, so that
	// they reach private ones, or come from the fixed address of a NAT gateway. The subnets need a
	// way to the services of AWS. SecurityGroups (security-groups) are theirs; by default they get
	// a new one that lets all out and nothing in.
	VPC, Subnets, SecurityGroups string
	// Allow (allow-cidrs) are the addresses that reach the API: "203.0.113.0/24,2001:db8::/32". By
	// default all do.
	Allow string
	// PrivateEndpoint (private-endpoint) is the id of a VPC endpoint for execute-api, the only one
	// that the API is reached through. By default the API is public.
	PrivateEndpoint string
	// WAF (waf) is the ARN of a regional web ACL for the API.
	WAF string
	// Domain (domain) is the domain name of the API. With Certificate (certificate), the ARN of a
	// certificate in the region, the stack makes it. Without one it is an existing custom domain of
	// API Gateway, which teams may share by their BasePath (base-path).
	Domain, Certificate, BasePath string
}

// What the values look like.
var (
	vpcID          = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetID       = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	groupID        = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	endpointID     = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)
	aclARN         = regexp.MustCompile(`^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d+:regional/webacl(/[\w-]+){2}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+$`)
	domainName     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	basePath       = regexp.MustCompile(`^[\w-]+(/[\w-]+)*$`)
)

// The most subnets and security groups of a function (Lambda API reference, VpcConfig), and as many
// addresses as surely fit into the policy of an API, which has 8,192 characters.
const (
	maxSubnets, maxGroups = 16, 5
	maxCIDRs              = 100
)

// network reads the options.
func (c *context) network() Network {
	return Network{
		VPC: c.text("vpc", ""), Subnets: c.text("subnets", ""),
		SecurityGroups:  c.text("security-groups", ""),
		Allow:           c.text("allow-cidrs", ""),
		PrivateEndpoint: c.text("private-endpoint", ""),
		WAF:             c.text("waf", ""),
		Domain:          c.text("domain", ""), Certificate: c.text("certificate", ""),
		BasePath: c.text("base-path", ""),
	}
}

func (n Network) check() error {
	if err := n.checkVPC(); err != nil {
		return err
	}
	for _, text := range settings.List(n.Allow) {
		if prefix, err := netip.ParsePrefix(text); err != nil || prefix.Masked() != prefix {
			return fmt.Errorf("allow-cidrs=%s: %q is no block of addresses like 203.0.113.0/24", n.Allow,
				text)
		}
	}
	switch {
	case len(settings.List(n.Allow)) > maxCIDRs:
		return fmt.Errorf("allow-cidrs: at most %d blocks", maxCIDRs)
	case n.PrivateEndpoint != "" && !endpointID.MatchString(n.PrivateEndpoint):
		return fmt.Errorf("private-endpoint=%s: the id of a VPC endpoint, like vpce-0a1b2c3d4e5f67890",
			n.PrivateEndpoint)
	case n.WAF != "" && !aclARN.MatchString(n.WAF):
		return fmt.Errorf("waf=%s: the ARN of a regional web ACL, like "+
			"arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/NAME/ID", n.WAF)
	}
	return n.checkDomain()
}

func (n Network) checkVPC() error {
	subnets, groups := settings.List(n.Subnets), settings.List(n.SecurityGroups)
	if n.VPC == "" {
		if len(subnets)+len(groups) > 0 {
			return fmt.Errorf("subnets=%s and security-groups=%s: they need vpc=vpc-…, and subnets",
				n.Subnets, n.SecurityGroups)
		}
		return nil
	}
	if !vpcID.MatchString(n.VPC) {
		return fmt.Errorf("vpc=%s: the id of a VPC, like vpc-0a1b2c3d4e5f67890", n.VPC)
	}
	for _, subnet := range subnets {
		if !subnetID.MatchString(subnet) {
			return fmt.Errorf("subnets=%s: ids of subnets of the VPC with commas between them, like "+
				"subnet-0a1b2c3d4e5f67890", n.Subnets)
		}
	}
	for _, group := range groups {
		if !groupID.MatchString(group) {
			return fmt.Errorf("security-groups=%s: ids of security groups of the VPC with commas between "+
				"them, like sg-0a1b2c3d4e5f67890", n.SecurityGroups)
		}
	}
	if len(subnets) == 0 || len(subnets) > maxSubnets || len(groups) > maxGroups {
		return fmt.Errorf("vpc=%s: it needs 1 to %d subnets, and at most %d security-groups", n.VPC,
			maxSubnets, maxGroups)
	}
	return nil
}

func (n Network) checkDomain() error {
	switch {
	case n.Domain == "" && n.Certificate+n.BasePath != "":
		return fmt.Errorf("certificate=%s and base-path=%s: they need domain=NAME", n.Certificate, n.BasePath)
	case n.Domain == "":
		return nil
	case !domainName.MatchString(n.Domain):
		return fmt.Errorf("domain=%s: a domain name in lower case, like deploy.example.org", n.Domain)
	case n.Certificate != "" && !certificateARN.MatchString(n.Certificate):
		return fmt.Errorf("certificate=%s: the ARN of a certificate of ACM in the region, like "+
			"arn:aws:acm:eu-central-1:123456789012:certificate/ID", n.Certificate)
	case n.BasePath != "" && !basePath.MatchString(n.BasePath):
		return fmt.Errorf("base-path=%s: a path without slashes at its ends, like deploy/blue", n.BasePath)
	case n.PrivateEndpoint != "":
		return fmt.Errorf("domain=%s: not with private-endpoint; a private API has the name of API Gateway",
			n.Domain)
	}
	return nil
}

// domainURL is the address of the API at its domain, or "".
func (n Network) domainURL() string {
	if n.Domain == "" {
		return ""
	}
	return strings.TrimSuffix("https://"+n.Domain+"/"+n.BasePath, "/")
}

// newVPCConfig returns where the functions run that connect to servers, or nil without a VPC.
func newVPCConfig(stack awscdk.Stack, opts Options) *awslambda.CfnFunction_VpcConfigProperty {
	if opts.VPC == "" {
		return nil
	}
	groups := jsii.Strings(settings.List(opts.SecurityGroups)...)
	if opts.SecurityGroups == "" {
		group := awsec2.NewCfnSecurityGroup(stack, jsii.String("Outgoing"), &awsec2.CfnSecurityGroupProps{
			GroupName:        opts.name("outgoing"),
			GroupDescription: jsii.String("Functions that connect to servers: all out, nothing in."),
			VpcId:            jsii.String(opts.VPC),
			SecurityGroupEgress: []any{
				&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: jsii.String("-1"),
					CidrIp: jsii.String("0.0.0.0/0"), Description: jsii.String("everything")},
				&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: jsii.String("-1"),
					CidrIpv6: jsii.String("::/0"), Description: jsii.String("everything")},
			},
		})
		groups = &[]*string{group.AttrGroupId()}
	}
	return &awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(settings.List(opts.Subnets)...), SecurityGroupIds: groups,
	}
}
