package template

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
)

// ExcludedLabel is the label of a container that does not count for the state of its
// service. Its value is the service's uuid, because an image may have any label, but does
// not know the uuid.
const ExcludedLabel = "waybill.excluded"

// foreignKeys are the keys of a volume that compose does not know.
var foreignKeys = []string{"content", "is_directory", "isDirectory", "mode"}

// Plain is a file as plain compose.
type Plain struct {
	Text string
	// Files are files in the service's own folder that have to exist before a start, and
	// whose content belongs to the containers.
	Files []string
}

// Plain turns the file, which it changes, into plain compose for the service. It returns an
// *[Error] if a part of it has no meaning.
func (f *File) Plain(uuid string) (Plain, error) {
	paths, awaited := f.paths(), f.awaited()
	p := plainer{root: f.roots[len(f.roots)-1]}
	for _, service := range f.services {
		excluded := service.excluded()
		for _, part := range service.parts {
			passGenerated(part, paths)
			if err := p.volumes(service, part); err != nil {
				return Plain{}, err
			}
			removeKeys(part, func(key string) bool { return key == "exclude_from_hc" })
		}
		first := service.parts[0]
		if excluded {
			addEntry(first, "labels", ExcludedLabel, uuid)
		}
		if name := f.containerName(service, uuid); name != "" {
			for _, part := range service.parts[1:] {
				removeKeys(part, func(key string) bool { return key == "container_name" })
			}
			set(first, "container_name", key(first.Line, name))
		}
		if service.ends(awaited) {
			set(first, "restart", key(first.Line, "unless-stopped"))
		}
	}
	f.declareVolumes()
	text, err := f.text()
	return Plain{text, p.files}, err
}

// containerName is the name that Coolify gives the one container of a service, or "" if
// there may be several.
func (f *File) containerName(service service, uuid string) string {
	deploy := service.child("deploy")
	if service.child("scale") != nil || composefile.Child(deploy, "replicas") != nil {
		return ""
	}
	return service.name + "-" + uuid
}

// containerOf is the name of the container of the service that a variable names, or "".
func (f *File) containerOf(rest, uuid string) string {
	plain := strings.NewReplacer("-", "_", ".", "_")
	for _, service := range f.services {
		if strings.EqualFold(plain.Replace(service.name), rest) {
			if name := f.containerName(service, uuid); name != "" {
				return name
			}
			return service.name
		}
	}
	return ""
}

// excluded reports whether the service's containers do not count for its state.
func (s service) excluded() bool {
	return slices.ContainsFunc(s.parts, func(part *yaml.Node) bool {
		return isTrue(composefile.Child(part, "exclude_from_hc"))
	})
}

// ends reports whether the service's containers would stay ended after an end of the
// server, without a reason for that in the file.
func (s service) ends(awaited map[string]bool) bool {
	return s.child("restart") == nil && s.child("extends") == nil && !awaited[s.name] &&
		composefile.Child(s.child("deploy"), "restart_policy") == nil
}

// awaited are the services for whose end others wait.
func (f *File) awaited() map[string]bool {
	awaited := map[string]bool{}
	for _, service := range f.services {
		for _, part := range service.parts {
			for name, pair := range composefile.Members(composefile.Child(part, "depends_on")) {
				if textOf(composefile.Child(pair[1], "condition")) == "service_completed_successfully" {
					awaited[name] = true
				}
			}
		}
	}
	return awaited
}

// passGenerated gives a container the generated variables that its part of the file names
// in a way that compose would take for an empty value, for a path or for nothing.
func passGenerated(part *yaml.Node, paths map[string][]string) {
	for _, environment := range environments(part) {
		for one := range entries(environment) {
			name, isPath := pathOf(one)
			_, generated := parse(one.name)
			switch {
			case isPath && len(paths[name.id]) > 1:
				one.set("${" + one.name + "}" + strings.TrimSuffix(one.value, "/"))
			case isPath, generated && one.value == "" && !one.bare:
				one.set("${" + one.name + "}")
			}
		}
	}
	for _, name := range innerNames(part) {
		addEntry(part, "environment", name, "${"+name+"}")
	}
}

// addEntry adds an entry to a list or a mapping of a part. It makes the mapping if there is
// none.
func addEntry(part *yaml.Node, in, name, value string) {
	node := composefile.Child(part, in)
	switch {
	case node != nil && node.Kind == yaml.SequenceNode:
		node.Content = append(node.Content, scalar(node.Line, name+"="+value))
	case node != nil && node.Kind == yaml.MappingNode:
		set(node, name, scalar(node.Line, value))
	default:
		set(part, in, mapping(part.Line, key(part.Line, name), scalar(part.Line, value)))
	}
}

// plainer collects what the volumes of services add to the rest of a file.
type plainer struct {
	// root is the document that gets the configs.
	root  *yaml.Node
	files []string
}

// volumes turns the volumes of a part with keys of the dialect into plain ones. A volume
// with content becomes a config: compose writes it into the container, so the content
// never lies where a container can change what the next start uses.
func (p *plainer) volumes(service service, part *yaml.Node) error {
	items := volumesOf(part)
	if items == nil {
		return nil
	}
	var left []*yaml.Node
	for _, item := range items {
		if item.Kind != yaml.MappingNode || textOf(composefile.Child(item, "type")) != "bind" {
			left = append(left, withoutKeys(item))
			continue
		}
		content := composefile.Child(item, "content")
		if content != nil && content.Kind != yaml.ScalarNode {
			return service.wrong(content, "content: must be text")
		}
		if textOf(content) != "" {
			if err := p.config(service, part, item); err != nil {
				return err
			}
			continue
		}
		if content != nil {
			if err := p.file(service, item); err != nil {
				return err
			}
		}
		// Older versions of compose make a folder only on request, and newer ones always.
		if composefile.Child(item, "bind") == nil {
			set(item, "bind", mapping(item.Line, key(item.Line, "create_host_path"),
				boolean(item.Line, content == nil)))
		}
		left = append(left, withoutKeys(item))
	}
	composefile.Child(part, "volumes").Content = left
	if len(left) == 0 {
		removeKeys(part, func(key string) bool { return key == "volumes" })
	}
	return nil
}

// config mounts the content of a volume. The name of the config changes with the content,
// so that compose creates the container again after a change.
func (p *plainer) config(service service, part, item *yaml.Node) error {
	content := composefile.Child(item, "content")
	if isTrue(service.child("read_only")) {
		return service.wrong(content, "content: cannot be written into a container with read_only: true")
	}
	mode, err := modeOf(service, item)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(content.Value))
	name := "content-" + hex.EncodeToString(sum[:6])
	configs := composefile.Child(p.root, "configs")
	if configs == nil || configs.Kind != yaml.MappingNode {
		configs = mapping(content.Line)
		set(p.root, "configs", configs)
	}
	set(configs, name, mapping(content.Line, key(content.Line, "content"),
		scalar(content.Line, strings.ReplaceAll(content.Value, "$", "$$"))))
	place := mapping(item.Line, key(item.Line, "source"), key(item.Line, name), key(item.Line, "target"),
		scalar(item.Line, targetOf(item)), key(item.Line, "mode"), scalar(item.Line, mode))
	list := composefile.Child(part, "configs")
	if list == nil || list.Kind != yaml.SequenceNode {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: item.Line}
		set(part, "configs", list)
	}
	list.Content = append(list.Content, place)
	return nil
}

// wrong is the error for a part of a service's volumes.
func (s service) wrong(part *yaml.Node, reason string) error {
	return &Error{part.Line, "services." + s.name + ".volumes: " + reason}
}

// targetOf is the path in the container, without options that belong to the short form.
func targetOf(item *yaml.Node) string {
	target := textOf(composefile.Child(item, "target"))
	for _, option := range []string{":ro", ":rw"} {
		target = strings.TrimSuffix(target, option)
	}
	return target
}

// octal matches the mode of a file.
var octal = regexp.MustCompile(`^0?o?[0-7]{3,4}$`)

// defaultMode is the mode of a file with content: Coolify makes it executable.
const defaultMode = "0755"

func modeOf(service service, item *yaml.Node) (string, error) {
	node := composefile.Child(item, "mode")
	if isNull(node) {
		return defaultMode, nil
	}
	if !octal.MatchString(node.Value) {
		return "", service.wrong(node, "mode: must be an octal number, such as 0644")
	}
	return strings.Replace(node.Value, "o", "", 1), nil
}

// file notes a file that begins empty.
func (p *plainer) file(service service, item *yaml.Node) error {
	source := textOf(composefile.Child(item, "source"))
	clean := path.Clean(source)
	if path.IsAbs(source) || clean == "." || strings.HasPrefix(clean, "..") ||
		strings.ContainsAny(source, "$~\\\n") {
		return service.wrong(item, "a file without content needs a path in the service's own folder, "+
			"such as ./data.db")
	}
	if !slices.Contains(p.files, clean) {
		p.files = append(p.files, clean)
	}
	return nil
}

// withoutKeys returns a volume without the keys of the dialect.
func withoutKeys(item *yaml.Node) *yaml.Node {
	if item.Kind == yaml.MappingNode {
		removeKeys(item, func(key string) bool { return slices.Contains(foreignKeys, key) })
	}
	return item
}

// withoutContent returns a copy of a volume without its content, in which a dollar sign
// means nothing.
func withoutContent(item *yaml.Node) *yaml.Node {
	if item.Kind != yaml.MappingNode {
		return item
	}
	other := mapping(item.Line, slices.Clone(item.Content)...)
	removeKeys(other, func(key string) bool { return key == "content" })
	return other
}
