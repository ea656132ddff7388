package dynamostore

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/fault"
)

// readRecordItem reads the attributes of a record by hand, without reflection: a page of
// history decodes up to a hundred of them.
func readRecordItem(stored item) (recordItem, error) {
	r := recordReader{stored: stored}
	fields := recordItem{
		ResourceUUID:   r.text("resource_uuid"),
		DeploymentUUID: r.text("deployment_uuid"),
		ServerUUID:     r.text("server_uuid"),
		Time:           r.number("time"),
		Status:         r.text("status"),
		Operation:      r.text("op"),
		ResourceName:   r.text("n"),
		ServerName:     r.text("m"),
		Request:        r.blob("r"),
		Attempt:        int(r.number("a")),
		Owner:          r.text("l"),
		Expires:        r.number("e"),
		ClaimedAt:      r.number("c"),
		StartedAt:      r.number("b"),
		FinishedAt:     r.number("f"),
		UpdatedAt:      r.number("u"),
		ExpiresAt:      r.number("expires_at"),
		FollowedAt:     r.number("w"),
		ParkedAt:       r.number("k"),
		Cancel:         r.blob("x"),
		Progress:       r.blob("p"),
		Outcome:        r.blob("o"),
		HasDetails:     r.flag("d"),
		Awaited:        r.flag("y"),
		Held:           r.flag("h"),
	}
	return fields, r.err
}

// recordReader reads attributes of an item. One that is absent is zero. err is set if one is
// of another type.
type recordReader struct {
	stored item
	err    error
}

func (a *recordReader) damaged(name string) {
	a.err = fault.New(fault.Internal, "the attribute %s of a deployment is of another type", name)
}

func (a *recordReader) text(name string) string {
	switch value := a.stored[name].(type) {
	case *types.AttributeValueMemberS:
		return value.Value
	case nil:
	default:
		a.damaged(name)
	}
	return ""
}

func (a *recordReader) number(name string) int64 {
	switch value := a.stored[name].(type) {
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(value.Value, 10, 64)
		if err != nil {
			a.damaged(name)
		}
		return n
	case nil:
	default:
		a.damaged(name)
	}
	return 0
}

func (a *recordReader) blob(name string) []byte {
	switch value := a.stored[name].(type) {
	case *types.AttributeValueMemberB:
		return value.Value
	case nil:
	default:
		a.damaged(name)
	}
	return nil
}

func (a *recordReader) flag(name string) bool {
	switch value := a.stored[name].(type) {
	case *types.AttributeValueMemberBOOL:
		return value.Value
	case nil:
	default:
		a.damaged(name)
	}
	return false
}
