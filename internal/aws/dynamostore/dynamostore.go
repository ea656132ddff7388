// Package dynamostore stores the catalog and the deployments in DynamoDB.
//
// The catalog table has the keys kind and uuid. Each entity is several items with the
// same uuid:
//
//   - The head has the entity's own kind: the attribute definition has the user's part,
//     depends_on its dependencies, and dependents the number of entities that depend on
//     it. A resource's head has at most 4 KB, so that lists are cheap.
//   - The body of a resource, such as "service-body", has its texts and variables. Its
//     digest is also in the head.
//   - The state has all that deployments write: the "server-queue" of a server has its
//     queue (a list of deployment uuids), its running set (a map of them) and the limits
//     of both; the state of a resource, such as "service-state", has its queued and its
//     running deployment. So a deployment costs the same whatever the size of a
//     definition.
//
// The kind "schedules" has all schedules of a resource in one item. The kind "request" holds
// what recognises equal requests for a deployment without an Idempotency-Key,
// "idempotency-key" the requests with one, and "change" the feed of changes. Bearer tokens
// have a table of their own, so that a role can be limited to it.
//
// The table of the audit has the keys month and id. A change writes its entry in the same
// transaction, on the condition that the id is new. No role may change an entry.
//
// Each kind of resource has a table of deployments with the keys resource_uuid and
// deployment_uuid. Each deployment has a record there. It may also have details, and
// blocks of the index of its log: their partition key is the id of the deployment, so
// that no query for the records of a resource finds them.
//
// Every change of a state is one conditional write or one transaction, and its
// conditions enforce the rules. Reads only choose what to try, and find the reason
// of a refusal. All reads are strongly consistent.
package dynamostore

import (
	"fmt"
	"hash/fnv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// Catalog is the catalog table, with the entries of its changes in the table of the audit. It
// is safe for use by several goroutines.
type Catalog struct {
	client       *dynamodb.Client
	table, audit string
}

// NewCatalog returns the catalog in the tables.
func NewCatalog(client *dynamodb.Client, tables Tables) *Catalog {
	return &Catalog{client: client, table: tables.Catalog, audit: tables.Audit}
}

// Tables has the names of the tables. A table that the caller never uses may be
// left empty.
type Tables struct {
	Catalog      string
	Applications string
	Services     string
	Databases    string
	Audit        string
	// Shards is the number of shards of new deployments in the index by time; 0 means 1.
	Shards int
}

// shard returns the partition of a deployment in the index by time of its table. It
// depends on the id only, so it never changes.
func (t Tables) shard(id deployment.ID) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // a hash takes everything
	return fmt.Sprintf("h%d", sum.Sum32()%uint32(max(t.Shards, 1)))
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

// Deployments are the tables of deployments, with the queues in the catalog table: every
// change of a deployment. It is safe for use by several goroutines, like all types here.
type Deployments struct{ recordStore }

// NewDeployments returns the deployments in the tables.
func NewDeployments(client *dynamodb.Client, tables Tables) *Deployments {
	return &Deployments{recordStore{client, tables}}
}

// History reads the tables of deployments.
type History struct{ recordStore }

// NewHistory returns the history in the tables.
func NewHistory(client *dynamodb.Client, tables Tables) *History {
	return &History{recordStore{client, tables}}
}

// Feed is the feed of changes in the catalog table.
type Feed struct{ recordStore }

// NewFeed returns the feed in the tables.
func NewFeed(client *dynamodb.Client, tables Tables) *Feed { return &Feed{recordStore{client, tables}} }

// Rollups has the daily rollups in the catalog table.
type Rollups struct{ recordStore }

// NewRollups returns the rollups in the tables.
func NewRollups(client *dynamodb.Client, tables Tables) *Rollups {
	return &Rollups{recordStore{client, tables}}
}

var (
	_ catalog.Store            = (*Catalog)(nil)
	_ access.Tokens            = (*Tokens)(nil)
	_ audit.Log                = (*AuditLog)(nil)
	_ deployment.Ledger        = (*Deployments)(nil)
	_ deployment.History       = (*History)(nil)
	_ deployment.StorageReader = (*History)(nil)
	_ deployment.FeedReader    = (*Feed)(nil)
	_ deployment.Feed          = (*Feed)(nil)
	_ statistics.Reader        = (*Rollups)(nil)
	_ statistics.Store         = (*Rollups)(nil)
)
