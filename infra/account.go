package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/settings"
)

// Account is how the stack fits into an account with rules of its own.
type Account struct {
	// ID (account) and Region (region) are where the stack is. The default is the account
	// and the region of the credentials.
	ID, Region string
	// Adopt (adopt=true) writes all names of data as plain texts, by which CloudFormation finds
	// the tables and the bucket that a destroyed stack has left, or that were restored.
	Adopt bool
	// Boundary (permissions-boundary) is the ARN of the policy that limits every role of the
	// stack. It is optional.
	Boundary string
	// Bus (bus) is the name of an existing bus, which teams may share. By default the stack has
	// one of its own.
	Bus string
	// Tags (tags) are further tags of the stack and all that is in it: "cost-center=42,owner=web".
	Tags string
	// Removal (removal) is what happens to tables and logs that leave the stack, and when it is
	// deleted: "retain", the default, or "destroy".
	Removal string
	// Key (key) encrypts the data of the stack: the ARN of a key, or "create" for a new one. By
	// default AWS manages the keys.
	Key string
	// Tracing (tracing=true) has AWS X-Ray record the requests and the runs of functions.
	Tracing bool
	// ForeignGatewayRole (gateway-role=false) is for accounts that keep the role themselves that API
	// Gateway writes logs with. It is one setting of an account and region. By default each stack
	// writes it.
	ForeignGatewayRole bool
}

// What the values look like.
var (
	accountID  = regexp.MustCompile(`^\d{12}$`)
	regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
	policyARN  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+$`)
	busName    = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,256}$`)
	tagText    = regexp.MustCompile(`^[\p{L}\p{N} _.:/+@-]*$`)
)

// The longest key and value of a tag.
const maxTagKey, maxTagValue = 128, 256

// account reads the options.
func (c *context) account() Account {
	return Account{
		ID:                 c.text("account", ""),
		Region:             c.text("region", ""),
		Adopt:              c.flag("adopt", false),
		Boundary:           c.text("permissions-boundary", ""),
		Bus:                c.text("bus", ""),
		Tags:               c.text("tags", ""),
		Removal:            c.text("removal", ""),
		Key:                c.text("key", ""),
		Tracing:            c.flag("tracing", false),
		ForeignGatewayRole: !c.flag("gateway-role", true),
	}
}

func (a Account) check() error {
	if err := a.checkKey(); err != nil {
		return err
	}
	switch {
	case a.ID != "" && !accountID.MatchString(a.ID):
		return fmt.Errorf("account=%s: the 12 digits of an account", a.ID)
	case a.Adopt && (a.ID == "" || a.Region == ""):
		return errors.New("adopt=true: it needs account and region, which the CDK's command line takes " +
			"from the credentials")
	case a.Adopt && a.Removal == "destroy":
		return errors.New("adopt=true: not with removal=destroy; CloudFormation adopts only what it keeps")
	case a.Region != "" && !regionName.MatchString(a.Region):
		return fmt.Errorf("region=%s: the name of a region, like eu-central-1", a.Region)
	case a.Boundary != "" && !policyARN.MatchString(a.Boundary):
		return fmt.Errorf("permissions-boundary=%s: the ARN of a policy, like "+
			"arn:aws:iam::123456789012:policy/boundary", a.Boundary)
	case a.Bus == "default" || a.Bus != "" && !busName.MatchString(a.Bus):
		return fmt.Errorf("bus=%s: the name of an existing bus of this account and region, not default",
			a.Bus)
	case a.Removal != "" && a.Removal != "retain" && a.Removal != "destroy":
		return fmt.Errorf("removal=%s: retain or destroy", a.Removal)
	}
	for _, tag := range settings.List(a.Tags) {
		key, value, found := strings.Cut(tag, "=")
		if !found || key == "" || key == teamTag || strings.HasPrefix(strings.ToLower(key), "aws:") ||
			!tagText.MatchString(key) || !tagText.MatchString(value) ||
			utf8.RuneCountInString(key) > maxTagKey || utf8.RuneCountInString(value) > maxTagValue {
			return fmt.Errorf("tags=%s: keys and values with commas between them, like "+
				"cost-center=42,owner=web; no key begins with aws:, and %s is the stack's", a.Tags, teamTag)
		}
	}
	return nil
}

// teamTag is the tag with the name of the team.
const teamTag = "waybill-team"

// tags returns the tags of the stack.
func (o Options) tags() *map[string]*string {
	all := map[string]*string{teamTag: jsii.String(o.Team)}
	for _, tag := range settings.List(o.Tags) {
		key, value, _ := strings.Cut(tag, "=")
		all[key] = jsii.String(value)
	}
	return &all
}

// place is where the stack is deployed. A nil account or region is the one of the credentials.
func (a Account) place() *awscdk.Environment {
	place := &awscdk.Environment{}
	if a.ID != "" {
		place.Account = jsii.String(a.ID)
	}
	if a.Region != "" {
		place.Region = jsii.String(a.Region)
	}
	return place
}

// keepsData tells whether tables and logs outlive the stack. Data of an emulator does so only on
// request.
func (o Options) keepsData() bool { return o.Removal == "retain" || o.Removal == "" && !o.Local }

// removal is the policy for data that leaves the template, or whose stack is deleted.
func (o Options) removal() awscdk.RemovalPolicy {
	if o.keepsData() {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// boundary is the limit of every role, or nil.
func (o Options) boundary() awscdk.PermissionsBoundary {
	if o.Boundary == "" {
		return nil
	}
	return awscdk.PermissionsBoundary_FromArn(jsii.String(o.Boundary))
}
