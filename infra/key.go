package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// newKeyOption is the value of the option key that makes a key.
const newKeyOption = "create"

// keyARN matches the ARN of a key. An alias is refused, because it can be moved to another key.
var keyARN = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+$`)

func (a Account) checkKey() error {
	if a.Key == "" || a.Key == newKeyOption || keyARN.MatchString(a.Key) {
		return nil
	}
	return fmt.Errorf("key=%s: create, or the ARN of a key, like "+
		"arn:aws:kms:eu-central-1:123456789012:key/ID",
		a.Key)
}

// encryption is what the data of the stack is encrypted with: a key of the team, or by default keys
// that AWS manages. It encrypts tables, logs, configurations, queues, secrets and the operator's
// log. The topics and the bus have no secret, and nothing for longer than its delivery.
type encryption struct {
	stack awscdk.Stack
	// key is nil by default.
	key awskms.IKey
}

func newEncryption(stack awscdk.Stack, opts Options) encryption {
	switch opts.Key {
	case "":
		return encryption{stack: stack}
	case newKeyOption:
		return encryption{stack, newKey(stack, opts)}
	}
	return encryption{stack, awskms.Key_FromKeyArn(stack, jsii.String("Key"), jsii.String(opts.Key))}
}

// newKey returns a key that the account governs by its roles, and that two services may use: rules
// that send events to queues, and the log groups of the stack.
func newKey(stack awscdk.Stack, opts Options) awskms.Key {
	key := awskms.NewKey(stack, jsii.String("Key"), &awskms.KeyProps{
		Alias:             jsii.String("alias/" + opts.prefix()),
		Description:       jsii.String("Data of Waybill, team " + opts.Team + "."),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     opts.removal(),
	})
	use := func(service string, condition map[string]any, actions ...string) {
		key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String(service), nil)},
			Actions:    jsii.Strings(actions...),
			Resources:  jsii.Strings("*"),
			Conditions: &condition,
		}), jsii.Bool(false))
	}
	use("events.amazonaws.com", map[string]any{"StringEquals": map[string]any{
		"aws:SourceAccount": stack.Account()}}, "kms:Decrypt", "kms:GenerateDataKey")
	groups := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("logs"),
		Resource: jsii.String("log-group"), ResourceName: jsii.String("/" + opts.prefix() + "/*"),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
	use("logs."+*stack.Region()+".amazonaws.com", map[string]any{"ArnLike": map[string]any{
		"kms:EncryptionContext:aws:logs:arn": groups}}, keyActions...)
	return key
}

// keyActions are the actions of a role that reads and writes encrypted data.
var keyActions = []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
	"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"}

// keyServices are the services that use the key with the rights of their caller.
var keyServices = []string{"dynamodb", "s3", "sqs", "ssm"}

// allowed adds to the statements of a role that the services which they are for may use the key.
// The role can decrypt nothing itself.
func (e encryption) allowed(statements []awsiam.PolicyStatement) []awsiam.PolicyStatement {
	if e.key == nil {
		return statements
	}
	var services []string
	for _, statement := range statements {
		for _, action := range *statement.Actions() {
			service, _, _ := strings.Cut(*action, ":")
			if slices.Contains(keyServices, service) {
				services = append(services, service+"."+*e.stack.Region()+"."+*e.stack.UrlSuffix())
			}
		}
	}
	slices.Sort(services)
	return append(statements, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(keyActions...),
		Resources: &[]*string{e.key.KeyArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": slices.Compact(services),
		}},
	}))
}

// arn is the ARN of the key, or nil.
func (e encryption) arn() *string {
	if e.key == nil {
		return nil
	}
	return e.key.KeyArn()
}

// table encrypts a table, which has the account's own key for DynamoDB otherwise.
func (e encryption) table(table awsdynamodb.TableV2) {
	if e.key != nil {
		// The CDK knows keys of tables only in stacks of a fixed region.
		table.Node().DefaultChild().(awsdynamodb.CfnGlobalTable).AddPropertyOverride(
			jsii.String("Replicas.0.SSESpecification.KMSMasterKeyId"), e.key.KeyArn())
	}
}

// bucket encrypts the objects of a bucket. A key of the bucket, which S3 keeps, saves most calls of
// KMS.
func (e encryption) bucket(props *awss3.BucketProps) {
	props.Encryption = awss3.BucketEncryption_S3_MANAGED
	if e.key != nil {
		props.Encryption, props.EncryptionKey = awss3.BucketEncryption_KMS, e.key
		props.BucketKeyEnabled = jsii.Bool(true)
	}
}
