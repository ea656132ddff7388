package e2e_test

import (
	"strings"
	"testing"

	"waybill/internal/openapi/openapitest"
	"waybill/internal/remote/remotetest"
)

// TestGeneratedRequests sends generated requests to a stack whose only server cannot be
// reached: its address leads nowhere (RFC 5737). TestSchemathesis of package openapitest sends
// many more to the same endpoints in memory; here they also meet the gateway, the roles of the
// functions and the tables.
func TestGeneratedRequests(t *testing.T) {
	w := stack(t)
	ssh := remotetest.Best(t)
	key := w.create(t, "/security/keys", map[string]any{
		"name": "generated", "private_key": ssh.ClientKeyPEM(),
	})
	server := w.create(t, "/servers", map[string]any{
		"name": "nowhere", "ip": "192.0.2.1", "private_key_uuid": key, "host_key": ssh.HostKey(),
	})
	application := w.shell(t, server, "true")
	id, _, _ := strings.Cut(w.token, "|")
	openapitest.Fuzz(t, openapitest.Target{
		URL: w.url + "/api/v1", Token: w.token, TokenID: id, Server: server, Key: key,
		Application: application,
		Service:     w.service(t, server, "services: {web: {image: web}}"),
		Database:    w.create(t, "/databases/postgresql", map[string]any{"name": "d", "server_uuid": server}),
		Deployment:  w.start(t, application),
		Phases:      "examples,fuzzing,stateful", Examples: 2,
	})
}
