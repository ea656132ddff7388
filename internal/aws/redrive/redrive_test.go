package redrive_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/redrive"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// TestRedrive has a real table, its stream and a real queue, and dispatch's own reader of changes.
// The second of three changes is a poison: it has an attribute of a type that no record has.
func TestRedrive(t *testing.T) {
	w := newWorld(t)
	for _, one := range []types.AttributeValue{
		&types.AttributeValueMemberB{Value: []byte("fine")},
		&types.AttributeValueMemberSS{Value: []string{"poison"}},
		&types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberBOOL{Value: true}}},
	} {
		w.put(t, one)
	}
	w.send(t, w.letter(0, 2))
	w.send(t, w.letter(2, 2))
	w.send(t, `{"body": "of something else"}`)
	found := w.redrive(t)
	if one := found[w.sequences[0]]; one.Changes != 2 || !errors.Is(one.Err, fault.Internal) ||
		!strings.Contains(one.Err.Error(), w.sequences[1]) {
		t.Errorf("with the poison: %+v, want the other two handled and an error that names it", one)
	}
	if one := found[w.sequences[2]]; one.Changes != 1 || one.Err != nil {
		t.Errorf("without it: %+v, want it handled", one)
	}
	if one := found[""]; !errors.Is(one.Err, fault.Invalid) {
		t.Errorf("no letter of a stream: %+v, want Invalid", one)
	}
	if len(w.handled) != 3 || w.handled[0] == w.handled[1] || w.handled[1] != w.handled[2] {
		t.Errorf("handled were %q, want the first, the last, and the last again", w.handled)
	}
	t.Run("a letter stays until all of its changes were handled", func(t *testing.T) {
		w.heals = true
		found := w.redrive(t)
		if one := found[w.sequences[0]]; len(found) != 2 || one.Changes != 3 || one.Err != nil {
			t.Errorf("%+v, want the letter with the poison, handled, and the strange one", found)
		}
		if found := w.redrive(t); len(found) != 1 {
			t.Errorf("left are %+v, want the strange one", found)
		}
	})
	t.Run("changes that the stream has dropped are Gone, and the letter stays", func(t *testing.T) {
		w.stream += "x"
		w.send(t, w.letter(0, 0))
		for range 2 {
			if one := w.redrive(t)[w.sequences[0]]; !errors.Is(one.Err, fault.Gone) {
				t.Errorf("%+v, want Gone", one)
			}
		}
	})
	t.Run("a queue that is not there is Denied", func(t *testing.T) {
		stack := redrive.Stack{Queue: "nowhere", Function: "dispatch"}
		err := w.client.Each(t.Context(), stack, func(redrive.Letter) {})
		if !errors.Is(err, fault.Denied) {
			t.Errorf("error = %v", err)
		}
	})
}

type world struct {
	client        *redrive.Client
	db            *dynamodb.Client
	streams       *dynamodbstreams.Client
	sqs           *sqs.Client
	name          string // of the table and of the queue
	queue         string
	stream, shard string
	sequences     []string
	handled       []string
	heals         bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	session := awstest.Session(t)
	w := &world{db: session.DynamoDB(), sqs: session.SQS(), name: "test-" + strings.ToLower(rand.Text()),
		streams: dynamodbstreams.NewFromConfig(session.Config())}
	key := aws.String("resource_uuid")
	made, err := w.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &w.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: key,
			AttributeType: types.ScalarAttributeTypeS}},
		KeySchema: []types.KeySchemaElement{{AttributeName: key, KeyType: types.KeyTypeHash}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true),
			StreamViewType: types.StreamViewTypeNewAndOldImages},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.stream = aws.ToString(made.TableDescription.LatestStreamArn)
	queue, err := w.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &w.name})
	if err != nil {
		t.Fatal(err)
	}
	w.queue = *queue.QueueUrl
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = w.db.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &w.name})
		_, _ = w.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &w.queue})
	})
	invoking := session.Config().Copy()
	invoking.BaseEndpoint = aws.String(w.dispatch(t).URL)
	w.client = redrive.Open(session.Config(), invoking)
	return w
}

// dispatch is a Lambda whose one function is dispatch. Its handler takes no record, because the
// items of this test are none: only their reading can fail.
func (w *world) dispatch(t *testing.T) *httptest.Server {
	t.Helper()
	read := dynamostore.Changes[gateway.Change](nobody{})
	function := gateway.New(slog.New(slog.DiscardHandler), gateway.Handlers{
		Change: func(ctx context.Context, change gateway.Change) error {
			if err := read(ctx, change); err != nil && !w.heals {
				return err
			}
			w.handled = append(w.handled, string(change.New))
			return nil
		}})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer, err := function.Invoke(r.Context(), payload)
		if err != nil {
			rw.Header().Set("X-Amz-Function-Error", "Unhandled")
		}
		_, _ = rw.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server
}

type nobody struct{}

func (nobody) Changed(context.Context, deployment.Change) error {
	return errors.New("an item without a record has changed a status")
}

func (nobody) Removed(context.Context, deployment.Removal) error { return nil }

// put writes an item and notes the place of the change in the stream.
func (w *world) put(t *testing.T, value types.AttributeValue) {
	t.Helper()
	if _, err := w.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.name,
		Item: map[string]types.AttributeValue{"value": value,
			"resource_uuid":   &types.AttributeValueMemberS{Value: rand.Text()},
			"deployment_uuid": &types.AttributeValueMemberS{Value: "details"}}}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if seen := w.read(t); len(seen) > len(w.sequences) {
			w.sequences = seen
			return
		}
		if time.Now().After(end) {
			t.Fatal("the stream has no change after 20 s")
		}
	}
}

// read returns the sequence numbers of all changes.
func (w *world) read(t *testing.T) (all []string) {
	t.Helper()
	described, err := w.streams.DescribeStream(t.Context(),
		&dynamodbstreams.DescribeStreamInput{StreamArn: &w.stream})
	if err != nil {
		t.Fatal(err)
	}
	w.shard = aws.ToString(described.StreamDescription.Shards[0].ShardId)
	begin, err := w.streams.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &w.stream, ShardId: &w.shard, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	page, err := w.streams.GetRecords(t.Context(),
		&dynamodbstreams.GetRecordsInput{ShardIterator: begin.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range page.Records {
		all = append(all, aws.ToString(record.Dynamodb.SequenceNumber))
	}
	return all
}

// letter is what Lambda sends for the changes from one to another.
func (w *world) letter(first, last int) string {
	body, _ := json.Marshal(map[string]any{"version": "1.0", "DDBStreamBatchInfo": map[string]any{
		"streamArn": w.stream, "shardId": w.shard, "batchSize": last - first + 1,
		"startSequenceNumber": w.sequences[first], "endSequenceNumber": w.sequences[last]}})
	return string(body)
}

func (w *world) send(t *testing.T, body string) {
	t.Helper()
	_, err := w.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: &body})
	if err != nil {
		t.Fatal(err)
	}
}

// redrive returns the letters by their first sequence numbers.
func (w *world) redrive(t *testing.T) map[string]redrive.Letter {
	t.Helper()
	found := map[string]redrive.Letter{}
	stack := redrive.Stack{Queue: w.name, Function: "dispatch"}
	err := w.client.Each(t.Context(), stack, func(one redrive.Letter) { found[one.First] = one })
	if err != nil {
		t.Fatal(err)
	}
	return found
}
