package openapi

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// node is a place in the document: what is there, and the JSON pointer to it.
// The place of something absent is a node as well, whose value is nil.
type node struct {
	root  map[string]any
	path  []string
	value any
}

// get goes down by keys, through references wherever it meets them.
func (n node) get(keys ...string) node {
	for _, key := range keys {
		n = n.child(key)
	}
	return n
}

func (n node) child(key string) node {
	return n.step(key).resolved()
}

// step goes down by one key and stays there, be it a reference or not.
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

// resolved follows a reference to its end. One that leads nowhere is absent,
// and so is one in a circle of references.
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

// children are the nodes below, in the order of their keys.
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

// key is the last part of the pointer.
func (n node) key() string {
	if len(n.path) == 0 {
		return ""
	}
	return n.path[len(n.path)-1]
}

// text is the value if it is a text, and "" if not.
func (n node) text() string {
	text, _ := n.value.(string)
	return text
}

// number is the value if it is a number.
func (n node) number() (value float64, ok bool) {
	value, ok = n.value.(float64)
	return value, ok
}

// pointer is the JSON pointer to the node.
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
