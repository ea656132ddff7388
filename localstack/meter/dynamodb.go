package meter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// The sizes of a write unit and of a read unit.
const (
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

// schema has the names of the keys of a table and of each index.
type schema struct {
	keys    []string
	indexes [][]string
}

// tables knows the tables of the emulator, which it asks by send.
type tables struct {
	send func(operation string, input any, output any) error

	mu    sync.Mutex
	known map[string]schema
}

// look is an item that a request is about to write.
type look struct {
	tables *tables
	write  Write
	// factor is 2 in a transaction, which costs twice as much.
	factor int
}

type looks []look

// single is the part of a request, or of a transaction, that names an item.
type single struct {
	TableName string
	Key, Item Item
}

// before reads the items that a request is about to write.
func (t *tables) before(operation string, body []byte) looks {
	var request struct {
		single
		TransactItems []map[string]single
	}
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	var all looks
	switch operation {
	case "PutItem", "UpdateItem", "DeleteItem":
		all = looks{t.look(request.single, 1)}
	case "TransactWriteItems":
		for _, one := range request.TransactItems {
			for _, write := range one { // it has one member: Put, Update, Delete or ConditionCheck
				all = append(all, t.look(write, 2))
			}
		}
	}
	return all
}

func (t *tables) look(write single, factor int) look {
	key := write.Key
	if key == nil {
		key = Item{}
		for _, name := range t.schema(write.TableName).keys {
			key[name] = write.Item[name]
		}
	}
	return look{t, Write{Table: write.TableName, Key: key, Before: t.get(write.TableName, key)}, factor}
}

// after reads the items again and counts. DynamoDB charges the larger one of the item before
// and after, and charges a refused write, too. An index has an entry of its own, which costs
// a unit when it comes or goes, and two when it moves.
func (l looks) after(refused bool) []Write {
	var writes []Write
	for _, one := range l {
		write := one.write
		write.After = write.Before
		if !refused {
			write.After = one.tables.get(write.Table, write.Key)
		}
		write.Units = one.factor * units(max(write.Before.size(), write.After.size()), writeUnit)
		for _, index := range one.tables.schema(write.Table).indexes {
			write.IndexUnits += moved(entry(index, write.Before), entry(index, write.After))
		}
		writes = append(writes, write)
	}
	return writes
}

// entry is the entry of an item in an index, or "" if it has none.
func entry(index []string, item Item) string {
	text := ""
	for _, name := range index {
		if item[name] == nil {
			return ""
		}
		text += fmt.Sprint(item[name], "\n")
	}
	return text
}

func moved(before, after string) int {
	switch {
	case before == after:
		return 0
	case before == "" || after == "":
		return 1
	}
	return 2
}

// reads returns the units of the items that a request reads. A projection costs as much as
// the whole item. Reads are counted as strongly consistent ones.
func (t *tables) reads(operation string, body, answer []byte) float64 {
	var request struct {
		single
		ConsistentRead bool
		RequestItems   map[string]struct {
			Keys           []Item
			ConsistentRead bool
		}
	}
	if json.Unmarshal(body, &request) != nil {
		return 0
	}
	switch operation {
	case "GetItem":
		return share(request.ConsistentRead, units(t.get(request.TableName, request.Key).size(), readUnit))
	case "BatchGetItem":
		total := 0.0
		for table, wanted := range request.RequestItems {
			for _, key := range wanted.Keys {
				total += share(wanted.ConsistentRead, units(t.get(table, key).size(), readUnit))
			}
		}
		return total
	case "Query", "Scan":
		var page struct{ Items []Item }
		if json.Unmarshal(answer, &page) != nil {
			return 0
		}
		bytes := 0
		for _, item := range page.Items {
			bytes += item.size()
		}
		return share(request.ConsistentRead, units(bytes, readUnit))
	}
	return 0
}

// share is half of the units for a read that need not be consistent.
func share(consistent bool, units int) float64 {
	if consistent {
		return float64(units)
	}
	return float64(units) / 2
}

// get reads an item, or nil.
func (t *tables) get(table string, key Item) Item {
	var found struct{ Item Item }
	input := map[string]any{"TableName": table, "Key": key, "ConsistentRead": true}
	if t.send("GetItem", input, &found) != nil || len(found.Item) == 0 {
		return nil
	}
	return found.Item
}

// schema returns the keys of a table. It asks for each table once.
func (t *tables) schema(table string) schema {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, has := t.known[table]; has {
		return known
	}
	type keys []struct{ AttributeName string }
	var found struct {
		Table struct {
			KeySchema              keys
			GlobalSecondaryIndexes []struct{ KeySchema keys }
		}
	}
	if t.send("DescribeTable", map[string]any{"TableName": table}, &found) != nil {
		return schema{}
	}
	names := func(of keys) (all []string) {
		for _, key := range of {
			all = append(all, key.AttributeName)
		}
		return all
	}
	described := schema{keys: names(found.Table.KeySchema)}
	for _, index := range found.Table.GlobalSecondaryIndexes {
		described.indexes = append(described.indexes, names(index.KeySchema))
	}
	if t.known == nil {
		t.known = map[string]schema{}
	}
	t.known[table] = described
	return described
}

// ask sends a request of the meter's own to DynamoDB, as the owner of the emulator's
// account. The emulators read only the name in a signature.
func (m *Meter) ask(operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, m.target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	request.Header.Set("X-Amz-Date", "20260101T000000Z")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+
		"Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00")
	answer, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", operation, content)
	}
	return json.Unmarshal(content, output)
}
