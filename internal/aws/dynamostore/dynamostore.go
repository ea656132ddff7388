// Package dynamostore keeps the catalog and the deployments in DynamoDB.
//
// The catalog table has the keys kind and uuid. Each item there is one entity:
// what a user gave it lies in its attribute definition, what it depends on in
// depends_on, and how many entities depend on it in dependents. A server's
// item is also its queue (a list of deployment uuids) and its running set (a
// map of them); a resource's item also says which deployment of it is queued
// and which runs. The kinds "token" and "request" hold bearer tokens and what
// makes repeated requests one.
//
// Each kind of resource has a table of deployments with the keys
// resource_uuid and deployment_uuid, one record an item.
//
// Every change of a state is one conditional write or one transaction, and its
// conditions are the rules: reads only choose what to try, and say afterwards
// why it was refused. All reads are strongly consistent.
package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Catalog is the catalog table. It is safe for use by several goroutines.
type Catalog struct {
	client *dynamodb.Client
	table  string
}

// NewCatalog returns the catalog in the table.
func NewCatalog(client *dynamodb.Client, table string) *Catalog {
	return &Catalog{client: client, table: table}
}

// Tokens returns the bearer tokens, which lie in the same table.
func (c *Catalog) Tokens() *Tokens { return &Tokens{catalog: c} }

// Tables names the tables of deployments and the catalog's. A table that the
// caller never touches may be left empty.
type Tables struct {
	Catalog      string
	Applications string
	Services     string
	Databases    string
}

// of returns the table that holds the deployments of a kind, or "".
func (t Tables) of(kind catalog.Kind) string {
	switch kind {
	case catalog.KindApplication:
		return t.Applications
	case catalog.KindService:
		return t.Services
	case catalog.KindDatabase:
		return t.Databases
	default:
		return ""
	}
}

// Deployments is the tables of deployments, with the queues in the catalog
// table. It is safe for use by several goroutines.
type Deployments struct {
	client *dynamodb.Client
	tables Tables
}

// NewDeployments returns the deployments in the tables.
func NewDeployments(client *dynamodb.Client, tables Tables) *Deployments {
	return &Deployments{client: client, tables: tables}
}

var (
	_ catalog.Store      = (*Catalog)(nil)
	_ access.Tokens      = (*Tokens)(nil)
	_ deployment.Ledger  = (*Deployments)(nil)
	_ deployment.History = (*Deployments)(nil)
)
