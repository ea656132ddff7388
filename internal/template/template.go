// Package template understands the dialect of Coolify's service templates: compose files
// that ask for generated variables, write files and leave volumes undeclared. It says
// which variables a service needs for its file, once, and turns the file into plain
// compose, at every start alike. It is pure: it reads neither files nor the network.
package template

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
	"waybill/internal/fault"
)

// File is a compose file that may use the dialect. It has copies of all aliases and merges
// in their places, so that every service can be changed alone.
type File struct {
	roots    []*yaml.Node
	services []service
}

// service is one service of a file. A file with several documents may have parts of it in
// each.
type service struct {
	name  string
	parts []*yaml.Node
}

// Error is a part of a file that has no meaning in the dialect.
type Error struct {
	// Line is the line in the file, or 0.
	Line   int
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// maxNodes bounds a file whose aliases are copied. A file of the largest allowed size has
// a quarter of it without aliases.
const maxNodes = 200_000

// maxDepth is how deep a file may be nested. Compose's own schema needs less than ten.
const maxDepth = 100

// New reads the documents of a compose file, which stay as they are. It returns an *[Error]
// if the aliases make the file too large.
func New(documents []*yaml.Node) (*File, error) {
	file := &File{}
	copier := copier{left: maxNodes}
	for _, document := range documents {
		root, err := copier.whole(document, 0)
		if err != nil {
			return nil, err
		}
		removeKeys(root, func(key string) bool { return strings.HasPrefix(key, "x-") })
		file.roots = append(file.roots, root)
		for name, pair := range composefile.Members(composefile.Child(root, "services")) {
			if pair[1].Kind == yaml.MappingNode {
				file.add(name, pair[1])
			}
		}
	}
	return file, nil
}

func (f *File) add(name string, part *yaml.Node) {
	for i := range f.services {
		if f.services[i].name == name {
			f.services[i].parts = append(f.services[i].parts, part)
			return
		}
	}
	f.services = append(f.services, service{name, []*yaml.Node{part}})
}

// Documents are the documents, with the lines of the file that was read.
func (f *File) Documents() []*yaml.Node { return f.roots }

// child is the value under a key in the last part that has it, or nil.
func (s service) child(key string) *yaml.Node {
	for _, part := range slices.Backward(s.parts) {
		if value := composefile.Child(part, key); value != nil {
			return value
		}
	}
	return nil
}

// text returns the documents as YAML.
func (f *File) text() (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, root := range f.roots {
		if err := encoder.Encode(root); err != nil {
			return "", fault.Wrap(err, fault.Internal, "encode a compose file")
		}
	}
	if err := encoder.Close(); err != nil {
		return "", fault.Wrap(err, fault.Internal, "encode a compose file")
	}
	return out.String(), nil
}

// copier copies nodes with what their aliases and merges refer to.
type copier struct{ left int }

// whole copies a node. Comments are left out.
func (c *copier) whole(node *yaml.Node, depth int) (*yaml.Node, error) {
	if c.left--; c.left < 0 || depth > maxDepth {
		return nil, &Error{node.Line, "is too large, or nested too deeply, with its aliases in their places"}
	}
	node = composefile.Target(node)
	if node.Kind == yaml.AliasNode {
		return nil, &Error{node.Line, "has aliases of aliases that are nested too deeply"}
	}
	copied := &yaml.Node{Kind: node.Kind, Style: node.Style, Tag: node.Tag, Value: node.Value,
		Line: node.Line, Column: node.Column}
	children := node.Content
	switch list := mergedList(node); {
	case list != nil:
		copied.Kind, copied.Tag, copied.Style, children = yaml.SequenceNode, "!!seq", 0, list
	case node.Kind == yaml.MappingNode:
		children = flatten(node)
	}
	for _, child := range children {
		one, err := c.whole(child, depth+1)
		if err != nil {
			return nil, err
		}
		copied.Content = append(copied.Content, one)
	}
	return copied, nil
}

// mergedList returns the items of a mapping that has nothing but a merged list. Coolify
// takes such a mapping for the list; YAML does not.
func mergedList(node *yaml.Node) []*yaml.Node {
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 || node.Content[0].Tag != "!!merge" {
		return nil
	}
	if list := composefile.Target(node.Content[1]); list.Kind == yaml.SequenceNode &&
		!slices.ContainsFunc(list.Content, isMapping) {
		return list.Content
	}
	return nil
}

// isMapping reports whether a node is a mapping. YAML itself can merge a list of mappings.
func isMapping(node *yaml.Node) bool { return composefile.Target(node).Kind == yaml.MappingNode }

// flatten returns the keys and values of a mapping, with the merged ones. Coolify also
// merges a list of NAME=VALUE into a mapping; YAML does not know that.
func flatten(mapping *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	seen := map[string]bool{}
	for name, pair := range composefile.Members(mapping) {
		seen[name] = true
		all = append(all, pair[0], pair[1])
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		list := composefile.Target(mapping.Content[i+1])
		if mapping.Content[i].Tag != "!!merge" || list.Kind != yaml.SequenceNode {
			continue
		}
		for _, item := range list.Content {
			name, value, given := strings.Cut(composefile.Target(item).Value, "=")
			if item.Kind != yaml.ScalarNode || seen[name] {
				continue
			}
			seen[name] = true
			node := scalar(item.Line, value)
			if !given {
				node = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: item.Line}
			}
			all = append(all, scalar(item.Line, name), node)
		}
	}
	return all
}

// scalar is a text, at the line of the node that it belongs to.
func scalar(line int, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text,
		Line: line}
}

// boolean is true or false.
func boolean(line int, value bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value), Line: line}
}

// mapping is a mapping of keys and values.
func mapping(line int, pairs ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: pairs, Line: line}
}

// key is the key of a mapping.
func key(line int, name string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: line}
}

// set sets the value under a key of a mapping.
func set(in *yaml.Node, name string, value *yaml.Node) {
	for i := 0; i+1 < len(in.Content); i += 2 {
		if in.Content[i].Value == name {
			in.Content[i+1] = value
			return
		}
	}
	in.Content = append(in.Content, key(value.Line, name), value)
}

// removeKeys removes the keys of a mapping for which drop is true.
func removeKeys(in *yaml.Node, drop func(key string) bool) {
	var left []*yaml.Node
	for i := 0; i+1 < len(in.Content); i += 2 {
		if !drop(in.Content[i].Value) {
			left = append(left, in.Content[i], in.Content[i+1])
		}
	}
	in.Content = left
}

// isNull reports whether a node has no value.
func isNull(node *yaml.Node) bool { return node == nil || node.Tag == "!!null" }

// isTrue reports whether a node is true.
func isTrue(node *yaml.Node) bool { return node != nil && strings.EqualFold(node.Value, "true") }

// textOf is the text of a scalar, or "".
func textOf(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode || isNull(node) {
		return ""
	}
	return node.Value
}
