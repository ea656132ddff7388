package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"waybill/internal/fault"
	"waybill/internal/openapi"
)

// decode decodes one JSON value, with json.Number for numbers. Invalid, with the
// place, if it is not valid JSON or if an object has a field twice.
func decode(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, problems{"body": {"must be UTF-8"}}.err()
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, problems{"body": {malformed(body, err)}}.err()
	}
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.UseNumber()
	walk := walker{reader: reader, twice: problems{}}
	value, err := walk.value(nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "read JSON that was found to be valid")
	}
	return value, walk.twice.err()
}

// malformed returns the place of a syntax error. It does not use the library's
// message, which quotes the input.
func malformed(body []byte, err error) string {
	broken, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "is not valid JSON"
	}
	// The offset counts the byte that does not belong, except at the end.
	offset, what := int(broken.Offset)-1, "this character does not belong here"
	if int(broken.Offset) >= len(body) && endsEarly(body) {
		offset, what = len(body), "it ends too early"
	}
	before := body[:max(offset, 0)]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("is not valid JSON: line %d, column %d (byte %d): %s", line, column, len(before), what)
}

// endsEarly reports whether the body is the beginning of valid JSON.
func endsEarly(body []byte) bool {
	_, err := json.NewDecoder(bytes.NewReader(body)).Token()
	for reader := json.NewDecoder(bytes.NewReader(body)); err == nil; {
		_, err = reader.Token()
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	return !syntax
}

// walker decodes JSON and finds repeated fields, which encoding/json accepts: it
// uses the last one.
type walker struct {
	reader *json.Decoder
	twice  problems
}

func (w *walker) value(place []string) (any, error) {
	token, err := w.reader.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return w.object(place)
	case json.Delim('['):
		return w.list(place)
	}
	return token, nil
}

func (w *walker) object(place []string) (any, error) {
	object := map[string]any{}
	for w.reader.More() {
		token, err := w.reader.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, given := object[name]; given {
			w.twice.add(dotted(place, openapi.FieldName(name)), "is given twice; give it once")
		}
		below := append(place[:len(place):len(place)], name)
		if object[name], err = w.value(below); err != nil {
			return nil, err
		}
	}
	_, err := w.reader.Token()
	return object, err
}

func (w *walker) list(place []string) (any, error) {
	list := []any{}
	for w.reader.More() {
		value, err := w.value(append(place[:len(place):len(place)], strconv.Itoa(len(list))))
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := w.reader.Token()
	return list, err
}
