package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
)

// maxQueuedBytes is the largest queued record that is given to another token. The record
// that grows most until its end grows by 585 bytes, and then has less than 1,024: see
// TestARecordStaysInOneWriteUnit.
const maxQueuedBytes = 1023 - 585

// hasRoom reports whether the queued record stays within one write unit to its end.
func hasRoom(record deployment.Record) bool {
	fields, err := encodeRecord(record)
	return err == nil && itemSize(fields) <= maxQueuedBytes
}

// withRoom leaves out the tokens for which the record has no room, the last ones first.
func withRoom(record deployment.Record) deployment.Record {
	for len(record.GivenTo) > 0 && !hasRoom(record) {
		record.GivenTo = record.GivenTo[:len(record.GivenTo)-1]
	}
	return record
}

// give notes on the queued record, whose packed request is given, that the token was given
// it, if there is room. It returns false if the record has changed meanwhile.
func (d *Deployments) give(ctx context.Context, queued deployment.Record, request types.AttributeValue,
	token string) (deployment.Record, bool, error) {
	given := queued.Given(token)
	if len(given.GivenTo) == len(queued.GivenTo) || !hasRoom(given) {
		return queued, true, nil
	}
	_, done, err := d.change(ctx, change{
		table:     d.tables.of(queued.ID.Kind()),
		key:       recordKey(queued.ID),
		update:    "SET #r = :given",
		condition: "#status = :queued AND #r = :request",
		values: item{":given": blob(packRequest(given)), ":request": request,
			":queued": text(deployment.Queued)},
	})
	return given, done, err
}
