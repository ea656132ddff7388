// Package teardown tells which data the deletion of a stack keeps and which goes with it, and lets a stack
// be deleted. It is for operators, and reads the template that is deployed, not the one that would be.
package teardown

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"waybill/internal/fault"
)

// Data are the tables and buckets of a stack, and its key, by their ids in AWS.
type Data struct {
	// Kept stays when the stack is deleted, and Lost goes with it.
	Kept, Lost []string
}

// Tables returns the names of all tables.
func (d Data) Tables() []string {
	var names []string
	for _, text := range slices.Concat(d.Kept, d.Lost) {
		if name, is := strings.CutPrefix(text, "table "); is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// kinds are the types of resources that have data, or that data cannot be read without.
var kinds = map[string]string{
	"AWS::DynamoDB::GlobalTable": "table",
	"AWS::S3::Bucket":            "bucket",
	"AWS::KMS::Key":              "key",
}

// template is the part of a template that matters here.
type template struct {
	Resources map[string]struct{ Type, DeletionPolicy string }
}

// Look returns what becomes of the data of a stack when it is deleted. NotFound if there is no such
// stack.
func Look(ctx context.Context, client *cloudformation.Client, stack string) (Data, error) {
	deployed, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		return Data{}, classify(err, stack)
	}
	var parsed template
	if err := json.Unmarshal([]byte(aws.ToString(deployed.TemplateBody)), &parsed); err != nil {
		return Data{}, fault.Wrap(err, fault.Internal, "read the template of %s", stack)
	}
	var data Data
	pages := cloudformation.NewListStackResourcesPaginator(client,
		&cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Data{}, classify(err, stack)
		}
		for _, r := range page.StackResourceSummaries {
			kind, has := kinds[aws.ToString(r.ResourceType)]
			if !has {
				continue
			}
			text := fmt.Sprint(kind, " ", aws.ToString(r.PhysicalResourceId))
			declared := parsed.Resources[aws.ToString(r.LogicalResourceId)]
			if strings.HasPrefix(declared.DeletionPolicy, "Retain") {
				data.Kept = append(data.Kept, text)
			} else {
				data.Lost = append(data.Lost, text)
			}
		}
	}
	slices.Sort(data.Kept)
	slices.Sort(data.Lost)
	return data, nil
}

// Unprotect takes the protection away that a stack has as long as it keeps data.
func Unprotect(ctx context.Context, client *cloudformation.Client, stack string) error {
	_, err := client.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: &stack, EnableTerminationProtection: aws.Bool(false)})
	return classify(err, stack)
}

// classify makes a fault of an error of CloudFormation, which has no code of its own for a stack that
// is not there.
func classify(err error, stack string) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "does not exist"):
		return fault.Wrap(err, fault.NotFound, "there is no stack %s in this account and region", stack)
	}
	return fault.Wrap(err, fault.Denied, "ask CloudFormation about the stack %s", stack)
}
