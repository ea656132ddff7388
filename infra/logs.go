package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Where in the bucket the chunks of all logs lie, and the configurations that
// deployments ran with.
const (
	chunks         = "logs/*"
	configurations = "configurations/*"
)

// backstopDays is when a chunk goes that nothing else removed. A record lives
// at most 180 days and takes its log along; this is more than twice that, so it
// only ever finds what was left behind.
//
// A configuration has no such day: it is written once, when it is first asked
// for, and may be what runs years later. It is some KB, and there are as many as
// somebody has changed something.
const backstopDays = 400

// newLogBucket returns the bucket of what deployments printed and of what they
// ran with. It keeps no versions: what is written twice is a chunk of which the
// first form must be gone, and a log that expired is to be gone, too.
func newLogBucket(scope constructs.Construct, opts Options) awss3.Bucket {
	bucket := awss3.NewBucket(scope, jsii.String("Logs"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		// Emulators are reached over plain HTTP, on loopback.
		EnforceSSL: jsii.Bool(!opts.Local),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Prefix:     jsii.String(strings.TrimSuffix(chunks, "*")),
			Expiration: awscdk.Duration_Days(jsii.Number(backstopDays)),
		}, {
			// Nothing here uploads in parts, so a part is a leftover.
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
		}},
		RemovalPolicy: opts.removal(),
	})
	if !opts.Local {
		bucket.AddToResourcePolicy(writtenOnce(bucket))
		bucket.AddToResourcePolicy(rewrittenOnPurpose(bucket))
	}
	return bucket
}

// writtenOnce refuses every write of a configuration that does not ask for "only
// if there is none yet". So not even a bug, or a person with the console, can
// change what a deployment ran with. Emulators honour the request's header but
// do not know the condition key, and would refuse every write.
func writtenOnce(bucket awss3.Bucket) awsiam.PolicyStatement {
	return refuseWrites(bucket, "ConfigurationsAreWrittenOnce", configurations, "s3:if-none-match")
}

// rewrittenOnPurpose refuses every write of a chunk that asks neither for "only
// if there is none yet" nor for "only if it still is that one". The second is
// how secrets are taken out of a log: whoever does it has read what it replaces,
// and it leaves a trace in the chunk, in the chain and in the record.
func rewrittenOnPurpose(bucket awss3.Bucket) awsiam.PolicyStatement {
	return refuseWrites(bucket, "ChunksAreRewrittenOnPurpose", chunks, "s3:if-none-match", "s3:if-match")
}

// refuseWrites refuses the writes at a place that have none of the conditions.
func refuseWrites(bucket awss3.Bucket, sid, place string, unless ...string) awsiam.PolicyStatement {
	absent := map[string]any{}
	for _, condition := range unless {
		absent[condition] = "true"
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{bucket.ArnForObjects(jsii.String(place))},
		Conditions: &map[string]any{"Null": absent},
	})
}
