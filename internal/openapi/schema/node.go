package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// node is a place in the document: its value and the JSON pointer to it. The place
// of an absent value is a node, too, with the value nil.
type node struct {
	root  map[string]any
	path  []string
	value any
}

// get follows the keys down, and every reference on the way.
func (n node) get(keys ...string) node {
	for _, key := range keys {
		n = n.child(key)
	}
	return n
}

func (n node) child(key string) node {
	return n.step(key).resolved()
}

// step follows one key down and does not follow a reference there.
func (n node) step(key string) node {
	below := node{root: n.root, path: append(slices.Clip(n.path), key)}
	switch value := n.value.(type) {
	case map[string]any:
		below.value = value[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(value) {
			below.value = value[i]
		}
	}
	return below
}

// resolved follows a reference to its end. A reference without a target, or in a
// circle of references, is absent.
func (n node) resolved() node {
	for range 10 {
		object, _ := n.value.(map[string]any)
		reference, is := object["$ref"].(string)
		if !is {
			return n
		}
		n = node{root: n.root, value: n.root}
		for token := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
			n = n.step(unescape.Replace(token))
		}
	}
	return node{root: n.root, path: n.path}
}

// children returns the nodes below, in the order of their keys.
func (n node) children() []node {
	var all []node
	switch value := n.value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, n.child(key))
		}
	case []any:
		for i := range value {
			all = append(all, n.child(strconv.Itoa(i)))
		}
	}
	return all
}

func (n node) exists() bool { return n.value != nil }

// text returns the value if it is a text, or "".
func (n node) text() string {
	text, _ := n.value.(string)
	return text
}

// number returns the value if it is a number.
func (n node) number() (value float64, ok bool) {
	value, ok = n.value.(float64)
	return value, ok
}

// pointer returns the JSON pointer to the node.
func (n node) pointer() string {
	var b strings.Builder
	for _, key := range n.path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(key))
	}
	return b.String()
}

// A JSON pointer writes "~" and "/" in a key as "~0" and "~1" (RFC 6901).
var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)
