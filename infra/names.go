package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Every part of the stack that an operator or another stack refers to has a fixed
// name, "waybill-TEAM-PART". So a deleted stack leaves its data under known names,
// and a policy can name a resource exactly. No policy uses the pattern
// "waybill-TEAM-*": team a would then match team a-b. The topics for e-mails, which catalog makes
// while the stack runs, are "waybill-TEAM_mail_UUID" for that reason.

// MaxTeamLength leaves room for the longest name, the bucket's: S3 allows 63
// characters for "waybill-TEAM-ACCOUNT-REGION". An account has 12 digits, and the
// longest region has 15 characters ("us-isof-south-1").
const MaxTeamLength = 26

// prefix begins the names of the team's stack. It is also the name of the stack
// itself and of its bus.
func (o Options) prefix() string { return "waybill-" + o.Team }

// name returns the name of a part of the stack.
func (o Options) name(part string) *string { return jsii.String(o.prefix() + "-" + part) }

// tableName returns the name of a table, which ends in the generation. A table that
// was restored to a point in time has another name, and becomes the next generation.
func (o Options) tableName(part string) *string {
	return o.name(fmt.Sprintf("%s-%d", part, o.Generations.of(part)))
}

// tableID returns the id of a table in the template. Each generation has one of its own, because
// CloudFormation adopts a table only as a new resource.
func (o Options) tableID(id string) string {
	if generation := o.Generations.of(kebab(id)); generation > 1 {
		return fmt.Sprint(id, generation)
	}
	return id
}

// bucketName returns the name of the log bucket. Names of buckets are global, so it
// has the account and the region.
func (o Options) bucketName(stack awscdk.Stack) *string {
	return o.name(*stack.Account() + "-" + *stack.Region())
}

// kebab writes the id of a construct as a part of a name: "RunnerDead" becomes
// "runner-dead".
func kebab(id string) string {
	var words strings.Builder
	for i, letter := range id {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			words.WriteByte('-')
		}
		words.WriteString(strings.ToLower(string(letter)))
	}
	return words.String()
}
