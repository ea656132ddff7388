package template

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"waybill/internal/catalog"
	"waybill/internal/composefile"
)

// Used reports whether the file uses the dialect at all. Defaults and required variables
// alone do not count: they mean something in plain compose, too.
func (f *File) Used() bool {
	for _, service := range f.services {
		if service.child("exclude_from_hc") != nil {
			return true
		}
	}
	use := f.Use()
	return len(use.Variables)+len(use.Volumes)+len(use.Files)+len(use.Directories)+len(use.Excluded) > 0
}

// Use says what the file uses of the dialect. It must be called before [File.Plain].
func (f *File) Use() catalog.TemplateUse {
	var use catalog.TemplateUse
	for _, one := range f.uses() {
		switch _, generated := parse(one.Name); {
		case generated:
			add(&use.Variables, one.Name)
		case one.inEnvironment && strings.HasSuffix(one.Operator, "?"):
			add(&use.Required, one.Name)
		case one.inEnvironment && strings.HasSuffix(one.Operator, "-") && !strings.Contains(one.Text, "$"):
			add(&use.Defaults, one.Name)
		}
	}
	use.Volumes = f.undeclared()
	awaited := f.awaited()
	for _, service := range f.services {
		if service.excluded() {
			add(&use.Excluded, service.name)
		}
		if service.ends(awaited) {
			add(&use.Restarted, service.name)
		}
		for _, part := range service.parts {
			for _, item := range volumesOf(part) {
				f.useOf(service, item, &use)
			}
		}
	}
	return use
}

// useOf adds a volume with keys of the dialect.
func (f *File) useOf(service service, item *yaml.Node, use *catalog.TemplateUse) {
	if item.Kind != yaml.MappingNode {
		return
	}
	place := service.name + ":" + targetOf(item)
	for _, name := range foreignKeys {
		if composefile.Child(item, name) == nil {
			continue
		}
		if composefile.Child(item, "content") != nil {
			add(&use.Files, place)
		} else {
			add(&use.Directories, place)
		}
	}
}

func add(names *[]string, name string) {
	if !slices.Contains(*names, name) {
		*names = append(*names, name)
	}
}
