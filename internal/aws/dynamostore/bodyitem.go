package dynamostore

import (
	"crypto/sha256"
	"encoding/json"
	"maps"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// bodyItem is a [catalog.Body] as an item. Its digest is also in the head: it shows whether
// the two belong together, and whether an update changes the body.
type bodyItem struct {
	Environment   []variableItem    `dynamodbav:"environment,omitempty"`
	Previews      []variableItem    `dynamodbav:"previews,omitempty"`
	SecretDigests map[string]string `dynamodbav:"secret_digests,omitempty"`
	Compose       bulk              `dynamodbav:"compose,omitempty"`
	Start         bulk              `dynamodbav:"start,omitempty"`
	Stop          bulk              `dynamodbav:"stop,omitempty"`
	Health        bulk              `dynamodbav:"health,omitempty"`
	// Dockerfile is absent from the digest if it is empty, so that the digests of older
	// bodies stay the same.
	Dockerfile    bulk         `dynamodbav:"dockerfile,omitempty" json:",omitempty"`
	HealthCommand bulk         `dynamodbav:"health_command,omitempty"`
	HostKeys      bulk         `dynamodbav:"host_keys,omitempty"`
	Configuration bulk         `dynamodbav:"configuration,omitempty"`
	InitScripts   []scriptItem `dynamodbav:"init_scripts,omitempty"`
	Certificate   bulk         `dynamodbav:"certificate,omitempty"`
}

// variableItem has no value when it is secret.
type variableItem struct {
	Name   string `dynamodbav:"name"`
	Value  bulk   `dynamodbav:"value,omitempty"`
	Secret bool   `dynamodbav:"secret,omitempty"`
	// ShownOnce and what follows are absent for variables that were stored without them.
	ShownOnce    bool   `dynamodbav:"shown_once,omitempty"`
	Literal      bool   `dynamodbav:"literal,omitempty"`
	Multiline    bool   `dynamodbav:"multiline,omitempty"`
	NotBuildtime bool   `dynamodbav:"not_buildtime,omitempty"`
	NotRuntime   bool   `dynamodbav:"not_runtime,omitempty"`
	Comment      string `dynamodbav:"comment,omitempty"`
}

func newVariableItems(variables []catalog.Variable) []variableItem {
	var all []variableItem
	for _, v := range variables {
		all = append(all, variableItem{
			Name: v.Name, Value: bulk(v.Value), Secret: v.Secret, ShownOnce: v.ShownOnce,
			Literal: v.Notes.Literal, Multiline: v.Notes.Multiline,
			NotBuildtime: v.Notes.NotBuildtime, NotRuntime: v.Notes.NotRuntime, Comment: v.Notes.Comment,
		})
	}
	return all
}

func variablesOf(all []variableItem) []catalog.Variable {
	var variables []catalog.Variable
	for _, v := range all {
		variables = append(variables, catalog.Variable{
			Name: v.Name, Value: string(v.Value), Secret: v.Secret, ShownOnce: v.ShownOnce,
			Notes: catalog.VariableNotes{Literal: v.Literal, Multiline: v.Multiline,
				NotBuildtime: v.NotBuildtime, NotRuntime: v.NotRuntime, Comment: v.Comment},
		})
	}
	return variables
}

// scriptItem is a file that a database runs once.
type scriptItem struct {
	Name string `dynamodbav:"name"`
	Text bulk   `dynamodbav:"text,omitempty"`
}

// encodeBody returns the item of the resource's body.
func encodeBody(resource catalog.Deployable) (item, error) {
	id := resource.Common().ID
	fields := newBodyItem(catalog.BodyOf(resource))
	content, err := json.Marshal(fields) // with the names in order, so that equal bodies have one digest
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the body of %s", id)
	}
	whole, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the body of %s", id)
	}
	digest := sha256.Sum256(content)
	whole["body_digest"] = &types.AttributeValueMemberB{Value: digest[:]}
	maps.Copy(whole, bodyKey(id))
	return whole, nil
}

func newBodyItem(body catalog.Body) bodyItem {
	fields := bodyItem{
		Environment: newVariableItems(body.Environment), Previews: newVariableItems(body.Previews),
		Compose: bulk(body.Compose),
		Start:   bulk(body.Shell.Start), Stop: bulk(body.Shell.Stop), Health: bulk(body.Shell.Health),
		Dockerfile:    bulk(body.Dockerfile),
		HealthCommand: bulk(body.HealthCommand),
		HostKeys:      bulk(body.HostKeys),
		Configuration: bulk(body.Configuration),
		Certificate:   bulk(body.Certificate),
	}
	if len(body.SecretDigests) > 0 {
		fields.SecretDigests = body.SecretDigests
	}
	for _, script := range body.InitScripts {
		fields.InitScripts = append(fields.InitScripts, scriptItem{script.Name, bulk(script.Text)})
	}
	return fields
}

func decodeBody(stored item) (catalog.Body, error) {
	var fields bodyItem
	if err := decode(stored, &fields); err != nil {
		return catalog.Body{}, err
	}
	body := catalog.Body{
		Environment: variablesOf(fields.Environment), Previews: variablesOf(fields.Previews),
		SecretDigests: fields.SecretDigests,
		Compose:       string(fields.Compose),
		Shell: catalog.Shell{Start: string(fields.Start), Stop: string(fields.Stop),
			Health: string(fields.Health)},
		Dockerfile:    string(fields.Dockerfile),
		HealthCommand: string(fields.HealthCommand),
		HostKeys:      string(fields.HostKeys),
		Configuration: string(fields.Configuration),
		Certificate:   string(fields.Certificate),
	}
	for _, script := range fields.InitScripts {
		body.InitScripts = append(body.InitScripts,
			catalog.InitScript{Name: script.Name, Text: string(script.Text)})
	}
	return body, nil
}
