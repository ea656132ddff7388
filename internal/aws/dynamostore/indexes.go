package dynamostore

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// Indexes stores the older sections of the indexes of logs in the tables of deployments.
// It is safe for use by several goroutines.
//
// An item is one block. Its partition key is the id of the deployment, and its sort key
// has the order of the block's first entry, so one query finds the block of any entry.
// Each section is one packed attribute: s0, s1 and so on.
type Indexes struct{ recordStore }

// NewIndexes returns the indexes in the tables.
func NewIndexes(client *dynamodb.Client, tables Tables) *Indexes {
	return &Indexes{recordStore{client, tables}}
}

var _ logbook.IndexStore = (*Indexes)(nil)

// indexPrefix begins the sort keys of blocks.
const indexPrefix = "index#"

// blockKey is the key of the block that begins with the order. All orders have the same
// number of digits, so that they sort.
func blockKey(id deployment.ID, first logbook.Order) item {
	return item{"resource_uuid": text(id), "deployment_uuid": text(blockSortKey(first))}
}

func blockSortKey(first logbook.Order) string { return fmt.Sprintf("%s%016d", indexPrefix, first) }

// sectionName is the attribute of a section within its block.
func sectionName(section int) string { return fmt.Sprintf("s%d", section) }

// idOf returns the id at the end of a log's name, and the table that has it.
func (x *Indexes) idOf(book logbook.Book) (id deployment.ID, table string, err error) {
	id = deployment.ID(path.Base(string(book)))
	if table = x.tables.of(id.Kind()); table == "" {
		return "", "", fault.New(fault.NotFound, "%q is not the log of a deployment.", book)
	}
	return id, table, nil
}

// Put sets one attribute. It needs no condition: every writer of a section has the same
// one, because it follows from the headers of the chunks.
func (x *Indexes) Put(ctx context.Context, book logbook.Book, block logbook.Order,
	section logbook.Section) error {
	id, table, err := x.idOf(book)
	if err != nil {
		return err
	}
	put := change{
		table:  table,
		key:    blockKey(id, block),
		this:   sectionName((section.First - 1) % logbook.BlockChunks / logbook.TailChunks),
		update: "SET #this = :section",
		values: item{":section": blob(packSection(section))},
	}
	return retry(ctx, func() (bool, error) {
		_, done, err := x.change(ctx, put)
		return done, err
	})
}

// Get is one query: the last block that begins at or before the order.
func (x *Indexes) Get(ctx context.Context, book logbook.Book, order logbook.Order) (logbook.Section, error) {
	id, table, err := x.idOf(book)
	if err != nil {
		return logbook.Section{}, err
	}
	const condition = "#resource_uuid = :id AND #deployment_uuid BETWEEN :low AND :high"
	items, err := take(ctx, x.client, &dynamodb.QueryInput{
		TableName:                aws.String(table),
		ConsistentRead:           aws.Bool(true),
		ScanIndexForward:         aws.Bool(false),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":id": text(id), ":low": text(blockSortKey(0)),
			":high": text(blockSortKey(max(order, 0)))},
	}, 1)
	if err != nil {
		return logbook.Section{}, err
	}
	if len(items) == 0 {
		return logbook.Section{}, fault.New(fault.NotFound, "The index of %s has no block with entry %d.",
			book, order)
	}
	return unpackBlock(items[0])
}

// packSection packs the ends of the chunks, each as the distance from the one before.
func packSection(section logbook.Section) []byte {
	var p packer
	p.count(int64(section.First))
	p.count(int64(len(section.Ends)))
	p.ends(section.Before, section.Ends)
	return p.packed
}

// unpackBlock joins the sections of a block.
func unpackBlock(stored item) (logbook.Section, error) {
	var block logbook.Section
	for n := range logbook.BlockChunks / logbook.TailChunks {
		packed, there := stored[sectionName(n)].(*types.AttributeValueMemberB)
		if !there {
			break
		}
		u := unpacker{rest: packed.Value}
		first := int(u.count())
		before, ends := u.ends(u.length())
		if u.err != nil {
			return logbook.Section{}, u.err
		}
		if n == 0 {
			block.First, block.Before = first, before
		}
		block.Ends = append(block.Ends, ends...)
	}
	return block, nil
}

// ends packs the end of the chunk before and then the others.
func (p *packer) ends(before logbook.End, ends []logbook.End) {
	p.count(int64(before.Last))
	p.number(seconds(before.Until))
	for _, end := range ends {
		p.count(int64(end.Last - before.Last))
		p.number(seconds(end.Until) - seconds(before.Until))
		before = end
	}
}

func (u *unpacker) ends(n int) (before logbook.End, ends []logbook.End) {
	last, until := logbook.Order(u.count()), u.number()
	before = logbook.End{Last: last, Until: fromSeconds(until)}
	for range n {
		last, until = last+logbook.Order(u.count()), until+u.number()
		ends = append(ends, logbook.End{Last: last, Until: fromSeconds(until)})
	}
	return before, ends
}

// seconds is a time in whole seconds since 1970, 0 for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// fromSeconds is the inverse of seconds.
func fromSeconds(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
