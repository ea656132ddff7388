package template

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
)

// declareVolumes declares the volumes that services use.
func (f *File) declareVolumes() {
	names := f.undeclared()
	if len(names) == 0 {
		return
	}
	for mount := range f.mounts() {
		if name := mount.name(); slices.Contains(names, name) && name != mount.source {
			mount.set(name)
		}
	}
	root := f.roots[len(f.roots)-1]
	for _, one := range f.roots {
		if composefile.Child(one, "volumes") != nil {
			root = one
		}
	}
	section := composefile.Child(root, "volumes")
	if isNull(section) {
		section = mapping(root.Line)
		set(root, "volumes", section)
	}
	if section.Kind != yaml.MappingNode {
		return // the loader says what is wrong
	}
	for _, name := range names {
		set(section, name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: root.Line})
	}
}

// undeclared are the names of volumes that services use and no section declares, in the
// order of the file.
func (f *File) undeclared() []string {
	declared := map[string]bool{}
	for _, root := range f.roots {
		for name := range composefile.Members(composefile.Child(root, "volumes")) {
			declared[name] = true
		}
	}
	var names []string
	for mount := range f.mounts() {
		if name := mount.name(); name != "" && !declared[mount.source] && !declared[name] {
			declared[name] = true
			names = append(names, name)
		}
	}
	return names
}

// mount is a volume in the list of a service. Other mounts have a path as source.
type mount struct {
	source string
	// set changes the source.
	set func(name string)
}

// mounts iterates over the mounts of all services that have a source.
func (f *File) mounts() iter.Seq[mount] {
	return func(yield func(mount) bool) {
		for _, service := range f.services {
			for _, part := range service.parts {
				for _, item := range volumesOf(part) {
					if one := mountOf(item); one.source != "" && !yield(one) {
						return
					}
				}
			}
		}
	}
}

// volumesOf is the list of volumes of a part.
func volumesOf(part *yaml.Node) []*yaml.Node {
	list := composefile.Child(part, "volumes")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}

func mountOf(item *yaml.Node) mount {
	switch {
	case item.Kind == yaml.MappingNode && textOf(composefile.Child(item, "type")) == "volume":
		return mount{textOf(composefile.Child(item, "source")), func(name string) {
			set(item, "source", key(item.Line, name))
		}}
	case item.Kind == yaml.ScalarNode:
		source, rest, mounted := strings.Cut(item.Value, ":")
		if !mounted {
			return mount{}
		}
		return mount{source, func(name string) { item.Value = name + ":" + rest }}
	}
	return mount{}
}

// notInNames matches the characters that the name of a volume does not have.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// name is the name of the volume, or "" if the source is a path or depends on a variable.
// Coolify also takes names that docker does not allow.
func (m mount) name() string {
	if strings.ContainsAny(m.source[:1], "./~") || strings.ContainsAny(m.source, "$\\") {
		return ""
	}
	return strings.Trim(notInNames.ReplaceAllString(m.source, "-"), "-_.")
}
