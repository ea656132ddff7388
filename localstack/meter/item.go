package meter

import (
	"encoding/base64"
	"unicode/utf8"
)

// Item is an item or a key in DynamoDB's JSON: each value is an object with its type.
type Item map[string]map[string]any

// Text returns a text attribute, or "".
func (i Item) Text(name string) string {
	value, _ := i[name]["S"].(string)
	return value
}

// Number returns a number attribute in its own digits, or "".
func (i Item) Number(name string) string {
	value, _ := i[name]["N"].(string)
	return value
}

// size is the size of an item as AWS counts it ("DynamoDB item sizes and formats").
func (i Item) size() int {
	bytes := 0
	for name, value := range i {
		bytes += len(name) + valueSize(value)
	}
	return bytes
}

// valueSize is the size of one value. A number takes a byte for two digits and one more;
// a sign and leading zeros are counted like digits here, which is at most a byte too much.
func valueSize(value map[string]any) int {
	const collection, element = 3, 1
	bytes := 0
	for kind, content := range value {
		switch content := content.(type) {
		case string:
			switch kind {
			case "N":
				bytes += utf8.RuneCountInString(content)/2 + 2
			case "B":
				decoded, _ := base64.StdEncoding.DecodeString(content)
				bytes += len(decoded)
			default:
				bytes += len(content)
			}
		case []any:
			bytes += collection
			for _, one := range content {
				nested, _ := one.(map[string]any)
				bytes += element + valueSize(nested)
			}
		case map[string]any:
			bytes += collection
			for name, one := range content {
				nested, _ := one.(map[string]any)
				bytes += element + len(name) + valueSize(nested)
			}
		default: // BOOL and NULL
			bytes++
		}
	}
	return bytes
}

// units is how many units of the size a number of bytes takes: each begun one counts, and
// the least is one.
func units(bytes, size int) int { return max(1, (bytes+size-1)/size) }
