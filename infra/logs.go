package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// The places in the bucket for the chunks of all logs, for the configurations of deployments,
// and for the excerpts of failed ones.
const (
	chunks         = "logs/*"
	configurations = "configurations/*"
	excerpts       = "faults/*"
)

// newLogBucket returns the bucket for logs and configurations. It keeps no
// versions: a chunk is written again only to remove a secret from it, and an
// expired log must be gone.
//
// No rule removes chunks or configurations by their age: a log is kept as long as its
// record, which may be for good, and a configuration while anything uses it. dispatch
// deletes them once the record was removed.
func newLogBucket(stack awscdk.Stack, opts Options, keys encryption) awss3.Bucket {
	props := &awss3.BucketProps{
		BucketName:        opts.bucketName(stack),
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		// Emulators are reached over plain HTTP, on loopback.
		EnforceSSL: jsii.Bool(!opts.Local),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			// Nothing here uploads in parts, so a part is a leftover.
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
		}},
		RemovalPolicy: opts.removal(),
	}
	keys.bucket(props)
	bucket := awss3.NewBucket(stack, jsii.String("Logs"), props)
	if !opts.Local {
		bucket.AddToResourcePolicy(writtenOnce(bucket))
		bucket.AddToResourcePolicy(rewrittenOnPurpose(bucket))
	}
	return bucket
}

// writtenOnce refuses every write of a configuration without the condition that it
// does not exist yet. So not even a bug, or a person with the console, can change
// the configuration of a deployment. Emulators honour the request's header but do
// not know the condition key, and would refuse every write.
func writtenOnce(bucket awss3.Bucket) awsiam.PolicyStatement {
	return refuseWrites(bucket, "ConfigurationsAreWrittenOnce", configurations, "s3:if-none-match")
}

// rewrittenOnPurpose refuses every write of a chunk without a condition: that it
// does not exist yet, or that it is unchanged. A scrub uses the second one: it has
// read the chunk that it replaces, and leaves a trace in the chunk, in the digests
// and in the record.
func rewrittenOnPurpose(bucket awss3.Bucket) awsiam.PolicyStatement {
	return refuseWrites(bucket, "ChunksAreRewrittenOnPurpose", chunks, "s3:if-none-match", "s3:if-match")
}

// refuseWrites refuses the writes at a place that lack all of the conditions.
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
