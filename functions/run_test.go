package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"waybill/internal/audit"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/oplog"
	"waybill/internal/remote"
	"waybill/internal/runner"
)

// closed is a server that refuses every key.
type closed struct{}

func (closed) Dial(context.Context, remote.Target) (remote.Shell, error) {
	return nil, &remote.DialError{Cause: remote.CauseAccess, Err: errors.New("no key is welcome")}
}

// claimed is a deployment that waits for its runner, and all that it needs.
func claimed(t *testing.T) (runner.Ports, deployment.ID) {
	t.Helper()
	m := memory.New(memory.Options{})
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}}
	server := &catalog.Server{
		Meta: catalog.Meta{ID: "srv000000000000000000001"}, Address: "web-1", Port: 22, User: "root",
		HostKey: "ssh-ed25519 AAAA", KeyID: key.ID, DataDir: "/data/waybill", Concurrency: 1, QueueLimit: 1}
	app := &catalog.Application{Shell: &catalog.Shell{Start: "true"},
		Resource: catalog.Resource{Meta: catalog.Meta{ID: "app000000000000000000001"}, ServerID: server.ID}}
	for _, entity := range []catalog.Entity{key, server, app} {
		if err := m.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.SetSecrets(t.Context(), key.ID, map[string]string{
		catalog.PrivateKeySecret: "a private key",
	}); err != nil {
		t.Fatal(err)
	}
	receipt, err := deployment.NewRequests(m.Catalog(), m.Ledger(), deployment.RequestsOptions{}).
		Request(t.Context(), deployment.Request{Resource: app.ID, Operation: deployment.Start})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Ledger().Claim(t.Context(), server.ID, time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	return runner.Ports{Store: m.Catalog(), Vault: m.Vault(), Ledger: m.Ledger(), Archive: m.Archive(),
		Dialer: closed{}, Sender: m.Sender()}, receipt.Record.ID
}

// TestEveryLineOfARunNamesRequestAndDeployment runs a deployment as the runner
// function does, from the queue's message on.
func TestEveryLineOfARunNamesRequestAndDeployment(t *testing.T) {
	var out bytes.Buffer
	log := oplog.New(&out, slog.LevelDebug).With("function", "runner")
	ports, id := claimed(t)
	run := runner.New(ports, runner.Options{Log: log})
	function := gateway.New(log, gateway.Handlers{Message: func(
		ctx context.Context, message gateway.Message,
	) error {
		id, _, err := sqsqueue.Read(message.Body)
		if err != nil {
			return err
		}
		return run.Run(ctx, id, "owner of "+message.Receipt)
	}})
	event := fmt.Sprintf(`{"Records": [{
		"messageId": "1", "receiptHandle": "receipt", "eventSource": "aws:sqs",
		"body": "{\"deployment_uuid\":\"%s\"}"
	}]}`, id)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-1"})
	for range 2 { // the second time it has ended, which is a line as well
		if _, err := function.Invoke(ctx, []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	lines := 0
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if line[oplog.RequestID] != "lambda-1" || line[oplog.Deployment] != string(id) ||
			line["function"] != "runner" {
			t.Errorf("line %v lacks the request, the deployment or the function", line)
		}
		lines++
	}
	if lines < 3 {
		t.Errorf("%d lines, want some at the begin, at the end and for what had ended:\n%s", lines, &out)
	}
}
