package recipe

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The file with a service's variables lies in the control folder, which no
// container may mount, and not in the project's folder. A service that asks for it
// by "env_file: .env" is given it by its place there. Everything else in the
// team's file stays as it was given.

// namesEnvironment reports whether a path of env_file means the file with the
// service's variables.
func namesEnvironment(file string) bool { return path.Clean(file) == environmentFile }

// withEnvironment is the compose file with the place of the service's variables in
// every env_file that asks for them. A file that is no YAML stays as it is:
// compose says what is wrong with it.
func withEnvironment(text, place string) string {
	documents, err := parseYAML(text)
	if err != nil {
		return text
	}
	var found []*yaml.Node
	for _, service := range documents.services() {
		found = append(found, environmentFiles(child(service.node, "env_file"))...)
	}
	// From the end to the beginning, so that the places of the others stay right.
	slices.SortFunc(found, func(a, b *yaml.Node) int {
		if a.Line != b.Line {
			return b.Line - a.Line
		}
		return b.Column - a.Column
	})
	lines := strings.SplitAfter(text, "\n")
	for _, node := range slices.Compact(found) { // an anchor is used more than once
		replaceScalar(lines, node, strconv.Quote(place))
	}
	return strings.Join(lines, "")
}

// environmentFiles are the nodes that name the file: one path, a list of them, or a
// list of mappings with a path.
func environmentFiles(node *yaml.Node) []*yaml.Node {
	node = target(node)
	if node == nil {
		return nil
	}
	switch node.Kind {
	case yaml.ScalarNode:
		if namesEnvironment(node.Value) {
			return []*yaml.Node{node}
		}
	case yaml.SequenceNode:
		var all []*yaml.Node
		for _, item := range node.Content {
			if item = target(item); item != nil && item.Kind == yaml.MappingNode {
				item = child(item, "path")
			}
			all = append(all, environmentFiles(item)...)
		}
		return all
	}
	return nil
}

// replaceScalar writes a value in place of a scalar of one line. The node has the
// place of its first character, counted from 1 in characters.
func replaceScalar(lines []string, node *yaml.Node, value string) {
	if node.Line < 1 || node.Line > len(lines) {
		return
	}
	line := []rune(lines[node.Line-1])
	written := []rune(node.Value)
	switch node.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle:
		written = []rune(`"` + node.Value + `"`)
	case yaml.SingleQuotedStyle:
		written = []rune("'" + node.Value + "'")
	}
	from := node.Column - 1
	if from < 0 || from+len(written) > len(line) || !slices.Equal(line[from:from+len(written)], written) {
		return
	}
	lines[node.Line-1] = string(line[:from]) + value + string(line[from+len(written):])
}
