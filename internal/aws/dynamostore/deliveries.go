package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/notify"
)

// Deliveries are the deliveries of messages and the marks of stuck deployments, in a table of
// their own with the keys part and id. The part of a delivery is the uuid of its notification,
// and its id begins with its time. It is safe for use by several goroutines.
type Deliveries struct {
	client *dynamodb.Client
	table  string
}

var (
	_ notify.Deliveries = (*Deliveries)(nil)
	_ notify.Marks      = (*Deliveries)(nil)
)

// NewDeliveries returns the deliveries in the table.
func NewDeliveries(client *dynamodb.Client, table string) *Deliveries {
	return &Deliveries{client: client, table: table}
}

// partMarks is the part of all marks.
const partMarks = "stuck"

// deliveryItem is a delivery. Its ID is its sort key; Job is the id of its job.
type deliveryItem struct {
	Part       string                    `dynamodbav:"part"`
	ID         string                    `dynamodbav:"id"`
	Job        string                    `dynamodbav:"job"`
	Event      catalog.NotificationEvent `dynamodbav:"event"`
	Deployment string                    `dynamodbav:"deployment,omitempty"`
	At         instant                   `dynamodbav:"at"`
	Status     notify.DeliveryStatus     `dynamodbav:"status"`
	Attempts   int                       `dynamodbav:"attempts"`
	Code       int                       `dynamodbav:"code,omitempty"`
	Response   string                    `dynamodbav:"response,omitempty"`
	UpdatedAt  instant                   `dynamodbav:"updated_at"`
	NextAt     instant                   `dynamodbav:"next_at"`
	ExpiresAt  int64                     `dynamodbav:"expires_at"`
}

func deliveryKey(notification catalog.ID, at time.Time, job string) item {
	return item{"part": text(notification), "id": text(catalog.TimeText(at) + "_" + job)}
}

// keptUntil is when an item of the time expires, in seconds since 1970.
func keptUntil(at time.Time) int64 { return at.AddDate(0, 0, notify.DeliveryDays).Unix() }

// Find returns the delivery of the job.
func (d *Deliveries) Find(ctx context.Context, job notify.Job) (notify.Delivery, error) {
	stored, err := read(ctx, d.client, d.table, deliveryKey(job.Notification, job.At, job.ID))
	if err != nil || stored == nil {
		return notify.Delivery{}, err
	}
	return decodeDelivery(stored)
}

// Put stores the delivery, on the condition that the stored one is not over.
func (d *Deliveries) Put(ctx context.Context, one notify.Delivery) error {
	key := catalog.TimeText(one.At) + "_" + one.ID
	whole, err := attributevalue.MarshalMap(deliveryItem{Part: string(one.Notification), ID: key, Job: one.ID,
		Event: one.Event, Deployment: one.Deployment, At: instant(one.At), Status: one.Status,
		Attempts: one.Attempts, Code: one.Code, Response: one.Response, UpdatedAt: instant(one.UpdatedAt),
		NextAt: instant(one.NextAt), ExpiresAt: keptUntil(one.UpdatedAt)})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a delivery")
	}
	const condition = "attribute_not_exists(#part) OR #status = :retrying"
	_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 aws.String(d.table),
		Item:                      whole,
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":retrying": text(notify.Retrying)},
	})
	if err != nil {
		_, err = refused(err) // nil if the stored one is over
	}
	return err
}

// List returns the newest deliveries by one query.
func (d *Deliveries) List(
	ctx context.Context, notification catalog.ID, limit int,
) ([]notify.Delivery, error) {
	const condition = "#part = :part"
	page, err := d.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(d.table),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":part": text(notification)},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
		Limit:                     aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, classify(err)
	}
	var all []notify.Delivery
	for _, stored := range page.Items {
		one, err := decodeDelivery(stored)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func decodeDelivery(stored item) (notify.Delivery, error) {
	var fields deliveryItem
	if err := decode(stored, &fields); err != nil {
		return notify.Delivery{}, err
	}
	return notify.Delivery{ID: fields.Job, Notification: catalog.ID(fields.Part), Event: fields.Event,
		Deployment: fields.Deployment, At: time.Time(fields.At), Status: fields.Status,
		Attempts: fields.Attempts, Code: fields.Code, Response: fields.Response,
		UpdatedAt: time.Time(fields.UpdatedAt), NextAt: time.Time(fields.NextAt)}, nil
}

// markItem is a mark of a stuck deployment.
type markItem struct {
	Part      string  `dynamodbav:"part"`
	ID        string  `dynamodbav:"id"`
	At        instant `dynamodbav:"at"`
	Done      bool    `dynamodbav:"done"`
	ExpiresAt int64   `dynamodbav:"expires_at"`
}

// Mark reads the mark, and writes it on the condition that it does not exist. Of two writers one
// reads the other's.
func (d *Deliveries) Mark(ctx context.Context, id string, now time.Time) (time.Time, bool, error) {
	now = now.UTC().Truncate(time.Microsecond)
	key := item{"part": text(partMarks), "id": text(id)}
	for {
		stored, err := read(ctx, d.client, d.table, key)
		if err != nil {
			return time.Time{}, false, err
		}
		if stored != nil {
			var mark markItem
			err := decode(stored, &mark)
			return time.Time(mark.At), mark.Done, err
		}
		const condition = "attribute_not_exists(#part)"
		_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                aws.String(d.table),
			Item:                     with(key, item{"at": stamp(now), "expires_at": number(keptUntil(now))}),
			ConditionExpression:      aws.String(condition),
			ExpressionAttributeNames: names("", condition),
		})
		if err == nil {
			return now, false, nil
		}
		if _, err = refused(err); err != nil {
			return time.Time{}, false, err
		}
	}
}

// Done marks that the job was sent.
func (d *Deliveries) Done(ctx context.Context, id string) error {
	const change = "SET #done = :true"
	_, err := d.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 aws.String(d.table),
		Key:                       item{"part": text(partMarks), "id": text(id)},
		UpdateExpression:          aws.String(change),
		ExpressionAttributeNames:  names("", change),
		ExpressionAttributeValues: item{":true": yes()},
	})
	return classify(err)
}
