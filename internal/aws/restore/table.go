// Package restore brings back data of a stack that was lost: a table as it was at a point in time, and
// objects of the log bucket from a backup. It is for operators.
package restore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/fault"
)

// Tables restores tables of one account and region.
type Tables struct {
	Client *dynamodb.Client
	// Wait returns after a while, or with the error of the context. A restoration takes from twenty
	// minutes to hours.
	Wait func(ctx context.Context) error
	// Say gets a line about each step.
	Say func(line string)
}

// generation matches the end of the name of a table.
var generation = regexp.MustCompile(`^(.+)-(\d+)$`)

// Next returns the name of the next generation of a table.
func Next(table string) (string, error) {
	parts := generation.FindStringSubmatch(table)
	if parts == nil {
		return "", fault.New(fault.Invalid, "%s is no table of a stack: its name ends in no generation",
			table)
	}
	number, err := strconv.Atoi(parts[2])
	return fmt.Sprintf("%s-%d", parts[1], number+1), err
}

// Restore makes target from source as that was at the time; the zero time is the latest possible one. A
// restored table has the data only. It lacks the expiry, the backups, the stream and the protection.
// Restore switches them on, the latter two as source has them. After an interruption, call it again: it
// continues. The target has no stream before it has all its data, so no old deployment is published
// again.
func (t Tables) Restore(ctx context.Context, source, target string, at time.Time) error {
	from, err := t.describe(ctx, source)
	if err != nil {
		return err
	}
	if _, err := t.describe(ctx, target); errors.Is(err, fault.NotFound) {
		if err := t.begin(ctx, from, target, at); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := t.active(ctx, target); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *types.TableDescription, string) error{
		t.expire, t.backUp, t.stream, t.protect,
	} {
		if err := step(ctx, from, target); err != nil {
			return err
		}
		if err := t.active(ctx, target); err != nil {
			return err
		}
	}
	return nil
}

// describe returns a table, or NotFound.
func (t Tables) describe(ctx context.Context, table string) (*types.TableDescription, error) {
	answer, err := t.Client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, fault.Wrap(err, fault.NotFound, "there is no table %s", table)
	case err != nil:
		return nil, fault.Wrap(err, fault.Denied, "describe the table %s", table)
	}
	return answer.Table, nil
}

// begin starts the restoration. The key of the source also encrypts the target.
func (t Tables) begin(ctx context.Context, from *types.TableDescription, target string, at time.Time) error {
	input := &dynamodb.RestoreTableToPointInTimeInput{
		SourceTableName: from.TableName, TargetTableName: &target,
		BillingModeOverride: types.BillingModePayPerRequest,
	}
	if at.IsZero() {
		input.UseLatestRestorableTime = aws.Bool(true)
	} else {
		input.RestoreDateTime = &at
	}
	if sse := from.SSEDescription; sse != nil && sse.SSEType == types.SSETypeKms {
		input.SSESpecificationOverride = &types.SSESpecification{Enabled: aws.Bool(true),
			SSEType: sse.SSEType, KMSMasterKeyId: sse.KMSMasterKeyArn}
	}
	t.Say(fmt.Sprintf("Restoring %s as %s.", aws.ToString(from.TableName), target))
	if _, err := t.Client.RestoreTableToPointInTime(ctx, input); err != nil {
		return fault.Wrap(err, fault.Denied, "restore %s as %s", aws.ToString(from.TableName), target)
	}
	return nil
}

// active waits until the table can be used.
func (t Tables) active(ctx context.Context, table string) error {
	for {
		found, err := t.describe(ctx, table)
		if err != nil {
			return err
		}
		if found.TableStatus == types.TableStatusActive {
			return nil
		}
		if err := t.Wait(ctx); err != nil {
			return err
		}
	}
}

// expiryAttribute is the attribute by which items of every table of a stack expire.
const expiryAttribute = "expires_at"

// expire switches on the expiry. DynamoDB refuses to do so twice.
func (t Tables) expire(ctx context.Context, _ *types.TableDescription, target string) error {
	answer, err := t.Client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &target})
	if err != nil {
		return wrap(err, "ask for the expiry of "+target)
	}
	if is := answer.TimeToLiveDescription; is != nil {
		switch is.TimeToLiveStatus {
		case types.TimeToLiveStatusEnabled, types.TimeToLiveStatusEnabling:
			return nil
		}
	}
	t.Say(fmt.Sprintf("Items of %s expire by %s.", target, expiryAttribute))
	_, err = t.Client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &target,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(expiryAttribute), Enabled: aws.Bool(true)}})
	return wrap(err, "switch on the expiry of "+target)
}

// backUp switches on the continuous backups. Every table of a stack has them.
func (t Tables) backUp(ctx context.Context, _ *types.TableDescription, target string) error {
	t.Say(fmt.Sprintf("%s is backed up.", target))
	_, err := t.Client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: &target,
		PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: aws.Bool(true)}})
	return wrap(err, "switch on the backups of "+target)
}

// stream switches on the stream that the source has.
func (t Tables) stream(ctx context.Context, from *types.TableDescription, target string) error {
	to, err := t.describe(ctx, target)
	if err != nil || !streams(from) || streams(to) {
		return err
	}
	t.Say(fmt.Sprintf("%s has a stream.", target))
	_, err = t.Client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &target,
		StreamSpecification: from.StreamSpecification})
	return wrap(err, "switch on the stream of "+target)
}

func streams(table *types.TableDescription) bool {
	return table.StreamSpecification != nil && aws.ToBool(table.StreamSpecification.StreamEnabled)
}

// protect protects the target from deletion if the source is.
func (t Tables) protect(ctx context.Context, from *types.TableDescription, target string) error {
	if !aws.ToBool(from.DeletionProtectionEnabled) {
		return nil
	}
	t.Say(fmt.Sprintf("%s is protected from deletion.", target))
	_, err := t.Client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &target,
		DeletionProtectionEnabled: aws.Bool(true)})
	return wrap(err, "protect "+target)
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Denied, "%s", doing)
}
