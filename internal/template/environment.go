package template

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
)

// entry is one entry of an environment.
type entry struct {
	name, value string
	// bare is set if the entry has no value: the container gets the variable's.
	bare bool
	// set gives the entry a value.
	set func(value string)
}

// environments are the nodes of a part that give variables to a container or to a build.
func environments(part *yaml.Node) []*yaml.Node {
	nodes := []*yaml.Node{composefile.Child(part, "environment"),
		composefile.Child(composefile.Child(part, "build"), "args")}
	return slices.DeleteFunc(nodes, func(node *yaml.Node) bool { return node == nil })
}

// entries iterates over an environment, which is a list or a mapping.
func entries(environment *yaml.Node) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for i := 0; i < len(environment.Content); i++ {
			item := environment.Content[i]
			var one entry
			if environment.Kind == yaml.MappingNode {
				i++
				value := environment.Content[i]
				one = entry{item.Value, textOf(value), isNull(value), func(text string) {
					environment.Content[i] = scalar(value.Line, text)
				}}
			} else {
				name, value, given := strings.Cut(textOf(item), "=")
				one = entry{name, value, !given, func(text string) {
					environment.Content[i] = scalar(item.Line, name+"="+text)
				}}
			}
			if !yield(one) {
				return
			}
		}
	}
}

// use is one use of a variable.
type use struct {
	composefile.Variable
	// inEnvironment is set if the use is in a value of an environment.
	inEnvironment bool
}

// inner matches a variable that compose leaves to the container.
var inner = regexp.MustCompile(`\$\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// uses are all uses of variables, in the order of the file. The names of an environment
// without a value count, and so do generated variables that only the container's shell
// reads.
func (f *File) uses() []use {
	var all []use
	for _, root := range f.roots {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value != "services" {
				all = append(all, usesIn(root.Content[i+1])...)
			}
		}
	}
	for _, service := range f.services {
		for _, part := range service.parts {
			all = append(all, usesInPart(part)...)
		}
	}
	return all
}

func usesInPart(part *yaml.Node) []use {
	var all []use
	for _, environment := range environments(part) {
		for one := range entries(environment) {
			if _, generated := parse(one.name); generated && (one.value == "" || one.value[0] == '/') {
				all = append(all, use{composefile.Variable{Name: one.name}, false})
			}
			for _, variable := range composefile.Variables(one.value) {
				all = append(all, use{variable, true})
			}
		}
	}
	for i := 0; i+1 < len(part.Content); i += 2 {
		switch part.Content[i].Value {
		case "environment":
		case "volumes":
			for _, item := range part.Content[i+1].Content {
				all = append(all, usesIn(withoutContent(item))...)
			}
		default:
			all = append(all, usesIn(part.Content[i+1])...)
		}
	}
	for _, name := range innerNames(part) {
		all = append(all, use{composefile.Variable{Name: name}, false})
	}
	return all
}

// usesIn are the uses in a node and in all below it.
func usesIn(node *yaml.Node) []use {
	var all []use
	for text := range texts(node) {
		for _, variable := range composefile.Variables(text) {
			all = append(all, use{variable, false})
		}
	}
	return all
}

// texts iterates over the scalars of a node, without the keys of mappings.
func texts(node *yaml.Node) iter.Seq[string] {
	return func(yield func(string) bool) { yieldTexts(node, yield) }
}

func yieldTexts(node *yaml.Node, yield func(string) bool) bool {
	if node.Kind == yaml.ScalarNode {
		return yield(node.Value)
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if !yieldTexts(child, yield) {
			return false
		}
	}
	return true
}

// innerNames are the generated variables that the commands of a container name with two
// dollar signs, for its own shell, and that its environment does not have.
func innerNames(part *yaml.Node) []string {
	has := map[string]bool{}
	for _, environment := range environments(part) {
		for one := range entries(environment) {
			has[one.name] = true
		}
	}
	var names []string
	for _, name := range []string{"command", "entrypoint", "healthcheck"} {
		node := composefile.Child(part, name)
		if node == nil {
			continue
		}
		for text := range texts(node) {
			for _, match := range inner.FindAllStringSubmatch(text, -1) {
				if _, generated := parse(match[1]); generated && !has[match[1]] {
					has[match[1]] = true
					names = append(names, match[1])
				}
			}
		}
	}
	return names
}
