// Package composefile reads the YAML of compose files without losing the lines: the nodes,
// with anchors and merges followed, and the variables in their texts.
package composefile

import (
	"iter"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// maxMerges limits how many levels of merges are followed. The parser itself limits how
// often an alias may be used.
const maxMerges = 20

// Child is the value under a key, or nil.
func Child(node *yaml.Node, key string) *yaml.Node {
	_, value := Member(node, key)
	return value
}

// Member finds a key of a mapping, or the item of a list with that number. It returns
// the value and the node that has its line, or nil. It follows aliases and merges ("<<:
// *anchor").
func Member(node *yaml.Node, key string) (name, value *yaml.Node) {
	node = Target(node)
	if node != nil && node.Kind == yaml.SequenceNode {
		if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < len(node.Content) {
			return node.Content[n], node.Content[n]
		}
		return nil, nil
	}
	for found, pair := range Members(node) {
		if found == key {
			return pair[0], pair[1]
		}
	}
	return nil, nil
}

// Members iterates over the keys of a mapping, each with the node of the key and the
// node of the value. The mapping's own keys come first, in the order of the file, and
// then the merged keys.
func Members(node *yaml.Node) iter.Seq2[string, [2]*yaml.Node] {
	return func(yield func(string, [2]*yaml.Node) bool) {
		yieldMembers(node, maxMerges, map[string]bool{}, yield)
	}
}

func yieldMembers(
	node *yaml.Node, merges int, seen map[string]bool, yield func(string, [2]*yaml.Node) bool,
) bool {
	node = Target(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return true
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Value == "<<" && key.Tag == "!!merge":
			merged = append(merged, value)
		case !seen[key.Value]:
			seen[key.Value] = true
			if !yield(key.Value, [2]*yaml.Node{key, value}) {
				return false
			}
		}
	}
	if merges == 0 {
		return true
	}
	for _, value := range merged {
		from := []*yaml.Node{value}
		if list := Target(value); list != nil && list.Kind == yaml.SequenceNode {
			from = list.Content
		}
		for _, one := range from {
			if !yieldMembers(one, merges-1, seen, yield) {
				return false
			}
		}
	}
	return true
}

// Target returns the node that an alias refers to, or the node itself if it is no
// alias.
func Target(node *yaml.Node) *yaml.Node {
	for n := 0; node != nil && node.Kind == yaml.AliasNode && n < maxMerges; n++ {
		node = node.Alias
	}
	return node
}
