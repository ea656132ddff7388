package template

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/composefile"
)

// maxLabel is the length of the longest part of a host name (RFC 1035).
const maxLabel = 63

// Complete returns the variables that the file needs and the service does not have, in the
// order of the file. It fails only if Random does.
func (f *File) Complete(given catalog.TemplateInput) ([]catalog.Variable, error) {
	c := completion{file: f, given: given, uses: f.uses(), paths: f.paths()}
	for _, use := range c.uses {
		if name, generated := parse(use.Name); generated {
			if err := c.generate(use.Name, name); err != nil {
				return nil, err
			}
		}
	}
	for _, use := range c.uses {
		if use.inEnvironment && !use.Nested && c.find(use.Name) == nil {
			c.store(use)
		}
	}
	return c.added, nil
}

// completion collects the variables to add.
type completion struct {
	file  *File
	given catalog.TemplateInput
	uses  []use
	// paths are the paths that the file gives to URLs, by the id of the URL.
	paths map[string][]string
	added []catalog.Variable
}

func (c *completion) uuid() string { return string(c.given.Service.ID) }

// find returns a variable that the service has or will have, or nil.
func (c *completion) find(name string) *catalog.Variable {
	for _, list := range [][]catalog.Variable{c.given.Service.Environment, c.added} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// value returns the value of a variable that the service has or will have, or "".
func (c *completion) value(name string) string {
	found := c.find(name)
	if found == nil {
		return ""
	}
	return cmp.Or(found.Value, c.given.Secrets[name])
}

func (c *completion) add(name, value string, secret bool) {
	if c.find(name) == nil {
		c.added = append(c.added, catalog.Variable{Name: name, Value: value, Secret: secret})
	}
}

// generate adds a generated variable, unless the service has it.
func (c *completion) generate(variable string, n name) error {
	if n.kind.name == kindURL || n.kind.name == kindFQDN {
		c.addURL(n)
		return nil
	}
	if c.restore(variable) {
		return nil
	}
	switch n.kind.name {
	case kindName:
		c.add(variable, c.file.containerOf(n.rest, c.uuid()), false)
		return nil
	case kindSupabaseAnon:
		return c.addToken(variable, "anon")
	case kindSupabaseService:
		return c.addToken(variable, "service_role")
	}
	value, err := n.kind.make(c.given.Random)
	if err != nil {
		return err
	}
	c.add(variable, value, n.kind.secret)
	return nil
}

// restore reports whether the service has a variable, or had it before the change, and adds
// it in the second case.
func (c *completion) restore(variable string) bool {
	for _, former := range c.given.Former {
		if former.Name != variable || c.find(variable) != nil {
			continue
		}
		if former.Value = cmp.Or(former.Value, c.given.Secrets[variable]); former.Value != "" {
			c.added = append(c.added, former)
		}
	}
	return c.find(variable) != nil
}

func (c *completion) addToken(variable, role string) error {
	signs, _ := parse(jwtPassword)
	if err := c.generate(jwtPassword, signs); err != nil {
		return err
	}
	value, err := token(role, c.value(jwtPassword), c.given.Now)
	if err != nil {
		return err
	}
	c.add(variable, value, true)
	return nil
}

// addURL adds the URL and the host name of an id, also with the port if there is one. The
// ones that the service had return first, because they decide the others.
func (c *completion) addURL(n name) {
	for _, suffix := range []string{n.id, n.rest} {
		c.restore(prefix + kindURL + "_" + suffix)
		c.restore(prefix + kindFQDN + "_" + suffix)
	}
	scheme, host, path := c.origin(n.id)
	add := func(suffix, host string) {
		c.add(prefix+kindURL+"_"+suffix, scheme+"://"+host+path, false)
		c.add(prefix+kindFQDN+"_"+suffix, host+path, false)
	}
	add(n.id, host)
	if n.port != "" {
		add(n.id+"_"+n.port, host+":"+n.port)
	}
}

// origin returns the parts of the URL of an id. A URL that the service has decides them.
// Otherwise, a path is in the URL if the file gives only one.
func (c *completion) origin(id string) (scheme, host, path string) {
	given, err := url.Parse(c.value(prefix + kindURL + "_" + id))
	if err == nil && given.Scheme != "" && given.Host != "" {
		return given.Scheme, given.Hostname(), strings.TrimSuffix(given.Path, "/")
	}
	label := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, id)
	label = strings.Trim(label[:min(len(label), maxLabel-1-len(c.uuid()))], "-")
	scheme, host = c.given.Server.ServiceHost(strings.TrimPrefix(label+"-"+c.uuid(), "-"))
	if paths := c.paths[id]; len(paths) == 1 {
		path = paths[0]
	}
	return scheme, host, path
}

// paths are the different paths that the file gives to each URL, without a slash at the
// end. "" is the root.
func (f *File) paths() map[string][]string {
	paths := map[string][]string{}
	for _, service := range f.services {
		for _, part := range service.parts {
			for _, environment := range environments(part) {
				for one := range entries(environment) {
					name, isPath := pathOf(one)
					path := strings.TrimSuffix(one.value, "/")
					if isPath && !slices.Contains(paths[name.id], path) {
						paths[name.id] = append(paths[name.id], path)
					}
				}
			}
		}
	}
	return paths
}

// pathOf reports whether an entry gives a path to a URL, and to which.
func pathOf(one entry) (name, bool) {
	parsed, generated := parse(one.name)
	isURL := generated && (parsed.kind.name == kindURL || parsed.kind.name == kindFQDN)
	return parsed, isURL && strings.HasPrefix(one.value, "/") && !strings.Contains(one.value, "$")
}

// store adds a variable with the default that the file gives it, so that it can be
// changed. Variables for compose itself, and ones for which the file has several defaults,
// are left to compose.
func (c *completion) store(of use) {
	if strings.HasPrefix(of.Name, "COMPOSE_") {
		return
	}
	defaults, required := []string{}, []string{}
	for _, use := range c.uses {
		if use.Name != of.Name {
			continue
		}
		switch text := use.Text; {
		case strings.HasSuffix(use.Operator, "+"):
			return // it matters whether the variable exists
		case strings.HasSuffix(use.Operator, "?"):
			required = append(required, text)
		case strings.HasSuffix(use.Operator, "-") && strings.Contains(text, "$"):
			return
		case strings.HasSuffix(use.Operator, "-"):
			defaults = append(defaults, text)
		}
	}
	slices.Sort(defaults)
	defaults = slices.Compact(defaults)
	for _, text := range required {
		if text != "" {
			value, secret := c.resolve(text)
			c.add(of.Name, value, secret)
			return
		}
	}
	switch {
	case len(defaults) == 1:
		c.add(of.Name, defaults[0], false)
	case len(defaults) == 0:
		c.add(of.Name, "", false)
	}
}

// resolve returns a default with the values of its variables. It is secret if one of the
// variables is.
func (c *completion) resolve(text string) (value string, secret bool) {
	value = text
	for _, variable := range composefile.Variables(text) {
		if variable.Nested || variable.Operator != "" {
			continue
		}
		if found := c.find(variable.Name); found != nil && found.Secret {
			secret = true
		}
		replaced := strings.NewReplacer("${"+variable.Name+"}", c.value(variable.Name),
			"$"+variable.Name, c.value(variable.Name))
		value = replaced.Replace(value)
	}
	return value, secret
}
