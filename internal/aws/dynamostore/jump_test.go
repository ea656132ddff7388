package dynamostore_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
)

// TestOlderServersGetAndBecomeJumpHosts: their items lack the attributes of jump hosts.
func TestOlderServersGetAndBecomeJumpHosts(t *testing.T) {
	client, made := tables(t)
	store := dynamostore.NewCatalog(client, made)
	owner := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}}
	do(t, "Create", store.Create(t.Context(), owner, audit.Entry{}))
	var servers []*catalog.Server
	for _, id := range []catalog.ID{"srv000000000000000000001", "srv000000000000000000002"} {
		server := &catalog.Server{Meta: catalog.Meta{ID: id}, KeyID: owner.ID}
		do(t, "Create", store.Create(t.Context(), server, audit.Entry{}))
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(made.Catalog), Key: key("kind", "server", "uuid", string(id)),
			UpdateExpression: aws.String("REMOVE proxy_jump"),
		})
		do(t, "UpdateItem", err)
		servers = append(servers, server)
	}
	behind := *servers[0]
	behind.ProxyJump, behind.UpdatedAt = servers[1].ID, time.UnixMicro(1)
	do(t, "Update", store.Update(t.Context(), &behind, servers[0].UpdatedAt, audit.Entry{}))
	found, err := catalog.Find[*catalog.Server](t.Context(), store, behind.ID)
	do(t, "Find", err)
	if found.ProxyJump != servers[1].ID {
		t.Errorf("proxy_jump = %q, want %s", found.ProxyJump, servers[1].ID)
	}
}
