package recipe

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
)

// The file with a service's variables lies in the control folder, which no container
// may mount, and not in the project's folder. If a service refers to it by "env_file:
// .env", Waybill writes the path of the file there instead. The rest of the team's file
// stays unchanged.

// namesEnvironment reports whether a path in env_file means the file with the service's
// variables.
func namesEnvironment(file string) bool { return path.Clean(file) == environmentFile }

// withEnvironment returns the compose file with the path of the service's variables in
// every env_file that refers to them. A file that is not valid YAML stays unchanged:
// compose reports the error.
func withEnvironment(text, place string) string {
	documents, err := parseYAML(text)
	if err != nil {
		return text
	}
	var found []*yaml.Node
	for _, service := range documents.services() {
		found = append(found, environmentFiles(composefile.Child(service.node, "env_file"))...)
	}
	// Replacing from the end to the beginning keeps the positions of the other nodes
	// right.
	slices.SortFunc(found, func(a, b *yaml.Node) int {
		if a.Line != b.Line {
			return b.Line - a.Line
		}
		return b.Column - a.Column
	})
	lines := strings.SplitAfter(text, "\n")
	for _, node := range slices.Compact(found) { // several aliases may refer to one anchor
		replaceScalar(lines, node, strconv.Quote(place))
	}
	return strings.Join(lines, "")
}

// environmentFiles are the nodes that name the file. An env_file is one path, a list of
// paths, or a list of mappings with a path.
func environmentFiles(node *yaml.Node) []*yaml.Node {
	node = composefile.Target(node)
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
			if item = composefile.Target(item); item != nil && item.Kind == yaml.MappingNode {
				item = composefile.Child(item, "path")
			}
			all = append(all, environmentFiles(item)...)
		}
		return all
	}
	return nil
}

// replaceScalar replaces a scalar that is within one line by a value. The node has the
// position of the first character, counted from 1 in characters.
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
