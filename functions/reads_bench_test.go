package functions_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/aws/awstest"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/rest"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/showapi"
)

// tableTime is how long the tables of the benchmarks take for an answer. DynamoDB takes
// longer, so a handler's share of the time is smaller there.
const tableTime = time.Millisecond

// fakeTables are tables in this process. They store what transactions put, find items by
// their keys, and take tableTime for each answer.
type fakeTables struct {
	mu      sync.Mutex
	items   map[string][]map[string]json.RawMessage // by table, oldest first
	answers map[string]string                       // by request
}

// Do answers a request.
func (f *fakeTables) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	f.mu.Lock()
	answer, known := f.answers[operation+string(body)]
	if !known {
		answer = f.answer(operation, body)
		f.answers[operation+string(body)] = answer
	}
	f.mu.Unlock()
	time.Sleep(tableTime)
	return awstest.Answer(request, http.StatusOK, awstest.JSON10, answer), nil
}

// answer makes the answer to a request. The caller holds the lock.
func (f *fakeTables) answer(operation string, body []byte) string {
	var asked struct {
		TableName     string
		Key           map[string]json.RawMessage
		Limit         int
		RequestItems  map[string]struct{ Keys []map[string]json.RawMessage }
		TransactItems []struct {
			Put struct {
				TableName string
				Item      map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return err.Error()
	}
	var answer any
	switch operation {
	case "TransactWriteItems":
		for _, one := range asked.TransactItems {
			f.items[one.Put.TableName] = append(f.items[one.Put.TableName], one.Put.Item)
		}
		answer = struct{}{}
	case "GetItem":
		answer = map[string]any{"Item": f.find(asked.TableName, asked.Key)}
	case "BatchGetItem":
		found := map[string][]any{}
		for table, keys := range asked.RequestItems {
			for _, key := range keys.Keys {
				if item := f.find(table, key); item != nil {
					found[table] = append(found[table], item)
				}
			}
		}
		answer = map[string]any{"Responses": found}
	case "Query":
		var newest []any
		all := f.items[asked.TableName]
		for i := len(all) - 1; i >= 0 && len(newest) < asked.Limit; i-- {
			newest = append(newest, all[i])
		}
		answer = map[string]any{"Items": newest, "Count": len(newest)}
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// find returns the item with the key, or nil.
func (f *fakeTables) find(table string, key map[string]json.RawMessage) map[string]json.RawMessage {
	for _, item := range f.items[table] {
		same := len(item) > 0
		for name, value := range key {
			same = same && bytes.Equal(item[name], value)
		}
		if same {
			return item
		}
	}
	return nil
}

// reads are the functions list and show over fake tables that have a service with some
// deployments.
type reads struct {
	client     *dynamodb.Client
	tables     dynamostore.Tables
	list, show http.Handler
	bearer     string
	service    catalog.ID
	newest     deployment.ID
}

func newReads(b *testing.B) *reads {
	b.Helper()
	tables := &fakeTables{items: map[string][]map[string]json.RawMessage{}, answers: map[string]string{}}
	r := &reads{
		client:  dynamodb.NewFromConfig(awstest.Offline(tables)),
		tables:  dynamostore.Tables{Catalog: "catalog", Applications: "a", Services: "s", Databases: "d"},
		service: "svc000000000000000000000",
	}
	store := dynamostore.NewCatalog(r.client, r.tables)
	now := time.Now().UTC().Truncate(time.Microsecond)
	must(b, store.Create(b.Context(), &catalog.Service{Compose: "services: {}", Resource: catalog.Resource{
		Meta:     catalog.Meta{ID: r.service, Name: "shop", CreatedAt: now, UpdatedAt: now},
		ServerID: "srv000000000000000000000"}}, audit.Entry{}))
	ledger := dynamostore.NewDeployments(r.client, r.tables)
	for n := range 20 {
		record := benchRecord(b, r.service, now.Add(time.Duration(n)*time.Minute))
		must(b, ledger.Note(b.Context(), record))
		r.newest = record.ID
	}
	r.handlers(b, store)
	return r
}

// handlers makes the functions, with a token that is in the memory of both.
func (r *reads) handlers(b *testing.B, store *dynamostore.Catalog) {
	b.Helper()
	tokens := memory.New(memory.Options{}).Tokens()
	terms := access.Terms{Name: "bench", Abilities: []access.Ability{access.Read}}
	token, bearer, err := access.Mint(terms, time.Now(), rand.Reader)
	must(b, err)
	must(b, tokens.Create(b.Context(), token, audit.Entry{}))
	r.bearer = bearer
	history := dynamostore.NewHistory(r.client, r.tables)
	r.list, err = listapi.New(listapi.Ports{Tokens: tokens, Store: store, History: history}, rest.Options{})
	must(b, err)
	r.show, err = showapi.New(showapi.Ports{Tokens: tokens, Store: store, History: history}, rest.Options{})
	must(b, err)
}

// benchRecord is a record of the usual size.
func benchRecord(b *testing.B, resource catalog.ID, at time.Time) deployment.Record {
	b.Helper()
	id, err := deployment.NewID(resource, at, rand.Reader)
	must(b, err)
	record := deployment.Record{ID: id, Status: deployment.Finished, Operation: deployment.Start,
		ResourceName: "shop", ServerID: "srv000000000000000000000", ServerName: "web",
		Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci",
			TokenID: "9007199254740991"},
		ConfigurationHash: strings.Repeat("0a", 32),
		CreatedAt:         at, QueuedAt: at, ClaimedAt: at, StartedAt: at,
		FinishedAt: at.Add(time.Minute), UpdatedAt: at.Add(time.Minute),
		Outcome: deployment.Outcome{Status: deployment.Finished, ExitCode: new(int)}}
	record.Progress.Process = "4711 0a1b2c3d-4e5f-6789-abcd-ef0123456789"
	record.Progress.Log.Digest, record.Progress.Log.Chunks = strings.Repeat("0b", 32), 5
	for _, name := range []string{"Lock", "Pull images", "Start", "Wait for health"} {
		record.Progress.Steps = append(record.Progress.Steps, deployment.Step{Name: name, StartedAt: at,
			FinishedAt: at.Add(time.Second), ExitCode: new(int), First: 1})
	}
	return record
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// handle is a benchmark of a request to a function.
func (r *reads) handle(handler http.Handler, path string) func(b *testing.B) {
	return func(b *testing.B) {
		for b.Loop() {
			request := httptest.NewRequestWithContext(b.Context(), "GET", "/api/v1"+path, nil)
			request.Header.Set("Authorization", "Bearer "+r.bearer)
			recorder := httptest.NewRecorder()
			if handler.ServeHTTP(recorder, request); recorder.Code != http.StatusOK {
				b.Fatalf("%d %s", recorder.Code, recorder.Body)
			}
		}
	}
}

// BenchmarkReadRecord compares the time of a handler that answers one record with the time
// of the table request that it makes. The ratio is to be at most 1.2.
func BenchmarkReadRecord(b *testing.B) {
	r := newReads(b)
	input := &dynamodb.GetItemInput{TableName: aws.String(r.tables.Services),
		ConsistentRead: aws.Bool(true), Key: map[string]types.AttributeValue{
			"resource_uuid":   &types.AttributeValueMemberS{Value: string(r.service)},
			"deployment_uuid": &types.AttributeValueMemberS{Value: string(r.newest)},
		}}
	b.Run("table request", func(b *testing.B) {
		for b.Loop() {
			_, err := r.client.GetItem(b.Context(), input)
			must(b, err)
		}
	})
	b.Run("handler", r.handle(r.show, "/deployments/"+string(r.newest)))
}

// BenchmarkReadPage compares the time of a handler that answers a page of 10 with the time
// of the query for its records. The ratio is to be at most 1.3.
func BenchmarkReadPage(b *testing.B) {
	r := newReads(b)
	input := &dynamodb.QueryInput{TableName: aws.String(r.tables.Services),
		ConsistentRead: aws.Bool(true), Limit: aws.Int32(11),
		KeyConditionExpression: aws.String("resource_uuid = :resource"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":resource": &types.AttributeValueMemberS{Value: string(r.service)}}}
	b.Run("table request", func(b *testing.B) {
		for b.Loop() {
			_, err := r.client.Query(b.Context(), input)
			must(b, err)
		}
	})
	b.Run("handler", r.handle(r.list, "/deployments/services/"+string(r.service)))
}
