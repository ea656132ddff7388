package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"waybill/internal/composefile"
	"waybill/internal/fault"
)

// reference is one use of a variable in a compose file.
type reference struct {
	name string
	line int
	// path is the place of the use, such as "services.web.environment.PASS".
	path string
	// operator is the operator after the name in braces (":-", "?", …), or "". After a
	// "?", text is the file's message for a missing value.
	operator, text string
	// passed is set if the entry only names the variable. A container then gets the
	// variable only if it has a value.
	passed bool
}

// optional reports whether the file says what happens without a value.
func (r reference) optional() bool {
	return strings.HasSuffix(r.operator, "-") || strings.HasSuffix(r.operator, "+")
}

// missing reports whether the variable has no value for this use.
func (r reference) missing(values map[string]string) bool {
	value, there := values[r.name]
	return !there && r.name != consts.ComposeProjectName || value == "" && r.operator == ":?"
}

// references are all uses of variables, in the order of the file.
func (d documents) references() []reference {
	var all []reference
	seen := map[*yaml.Node]bool{}
	for _, root := range d {
		for key, pair := range composefile.Members(root) {
			if !strings.HasPrefix(key, "x-") { // an extension counts only where an alias uses it
				all = appendReferences(all, pair[1], key, seen)
			}
		}
	}
	return all
}

// appendReferences visits each node once, however many aliases refer to it.
func appendReferences(all []reference, node *yaml.Node, at string, seen map[*yaml.Node]bool) []reference {
	node = composefile.Target(node)
	if node == nil || seen[node] {
		return all
	}
	seen[node] = true
	switch node.Kind {
	case yaml.ScalarNode:
		return scanReferences(all, node.Value, reference{line: node.Line, path: at})
	case yaml.SequenceNode:
		for i, item := range node.Content {
			all = appendReferences(all, item, fmt.Sprintf("%s.%d", at, i), seen)
		}
	case yaml.MappingNode:
		for key, pair := range composefile.Members(node) {
			all = appendReferences(all, pair[1], at+"."+key, seen)
		}
	}
	return all
}

// maxReferences limits the number of variables in one value. Compose's own
// interpolation takes quadratic time for nested variables.
const maxReferences = 200

// maxDemand limits how many bytes of the message in "${NAME:?message}" are quoted.
const maxDemand = 200

func scanReferences(all []reference, text string, at reference) []reference {
	for _, use := range composefile.Variables(text) {
		at.name, at.operator, at.text = use.Name, use.Operator, ""
		if strings.HasSuffix(use.Operator, "?") {
			at.text = use.Text[:min(len(use.Text), maxDemand)]
		}
		all = append(all, at)
	}
	return all
}

// required refuses a file that demands variables without a value, and reports all of
// them at once. It also refuses a file with too many variables in one value.
func (d documents) required(values map[string]string) error {
	var problems []string
	uses := map[string]int{}
	for _, r := range d.references() {
		if uses[r.path]++; uses[r.path] == maxReferences+1 {
			return refuse(r.line, fmt.Sprintf("%s: uses more than %d variables; use fewer in one value",
				r.path, maxReferences))
		}
		if !strings.HasSuffix(r.operator, "?") || !r.missing(values) {
			continue
		}
		problem := fmt.Sprintf("%s: the variable %s must have a value", r.path, r.name)
		if r.text != "" {
			problem += ": " + r.text
		}
		problems = append(problems, withLine(r.line, problem))
	}
	return refuseAll(problems)
}

// undeclared refuses a project with services that use volumes, networks, configs or
// secrets that no top-level section declares. It reports all of them at once.
func (d documents) undeclared(project *types.Project) error {
	var problems []string
	for _, name := range project.ServiceNames() {
		service := project.Services[name]
		report := func(section, one string, there bool) {
			if !there {
				problems = append(problems, withLine(d.walk([]string{"services", name, section}),
					fmt.Sprintf("service %q refers to undefined %s %s; declare it under %s:",
						name, strings.TrimSuffix(section, "s"), one, section)))
			}
		}
		for _, volume := range service.Volumes {
			_, there := project.Volumes[volume.Source]
			report("volumes", volume.Source,
				there || volume.Type != types.VolumeTypeVolume || volume.Source == "")
		}
		for _, network := range sortedKeys(service.Networks) {
			_, there := project.Networks[network]
			report("networks", network, there)
		}
		for _, config := range service.Configs {
			_, there := project.Configs[config.Source]
			report("configs", config.Source, there)
		}
		for _, secret := range service.Secrets {
			_, there := project.Secrets[secret.Source]
			report("secrets", secret.Source, there)
		}
	}
	return refuseAll(problems)
}

// refuseAll is one error with every problem, or nil without problems.
func refuseAll(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	refusal := fault.New(fault.Invalid, "Validation failed.")
	for _, problem := range problems {
		refusal = refusal.WithField(composeField, problem)
	}
	return refusal
}

// warnings name the parts of a file that docker compose accepts but that have another
// effect than they seem to have, mostly because a service is one file and its folder on
// the server is empty.
func (c composition) warnings(values map[string]string) []string {
	d, project := c.documents, c.project
	var all []string
	warn := func(line int, format string, args ...any) {
		all = append(all, composeField+": "+withLine(line, fmt.Sprintf(format, args...)))
	}
	d.warnOfVariables(values, warn)
	for _, name := range project.ServiceNames() {
		c.warnOfMissingFiles(name, project.Services[name], warn)
	}
	for _, name := range sortedKeys(project.Secrets) {
		if secret := project.Secrets[name]; relativeFile(types.FileObjectConfig(secret)) {
			warn(d.walk([]string{"secrets", name, "file"}),
				"secrets.%s.file: the file %s is not on the server. "+
					"Use environment: with the name of a secret variable instead.", name, secret.File)
		}
	}
	for _, name := range sortedKeys(project.Configs) {
		if config := project.Configs[name]; relativeFile(types.FileObjectConfig(config)) {
			warn(d.walk([]string{"configs", name, "file"}),
				"configs.%s.file: the file %s is not on the server. "+
					"Use content: instead.", name, config.File)
		}
	}
	return all
}

// warnOfMissingFiles names the files of a service that are not on the server.
func (c composition) warnOfMissingFiles(
	name string, service types.ServiceConfig, warn func(line int, format string, args ...any),
) {
	d := c.documents
	if build := service.Build; build != nil && build.DockerfileInline == "" &&
		!remoteContext(build.Context) {
		warn(d.walk([]string{"services", name, "build"}),
			"services.%s.build: its folder is empty on the server. "+
				"Name an image instead, register an application that is built from a repository, or "+
				"give the URL of a repository as context:",
			name)
	}
	for i, file := range service.EnvFiles {
		if bool(file.Required) && !path.IsAbs(file.Path) && !namesEnvironment(file.Path) {
			warn(d.walk([]string{"services", name, "env_file", fmt.Sprint(i)}),
				"services.%s.env_file: the file %s is not on the server. "+
					"Put its variables into environment: of the file or of the service.", name, file.Path)
		}
	}
	for i, volume := range service.Volumes {
		if volume.Type == types.VolumeTypeBind && relative(volume.Source) && namesFile(volume.Source) &&
			!slices.Contains(c.files, path.Clean(volume.Source)) {
			warn(d.walk([]string{"services", name, "volumes", fmt.Sprint(i)}),
				"services.%s.volumes: the file %s is not on the server, "+
					"so the container gets an empty folder. Use configs: with content: instead.",
				name, volume.Source)
		}
	}
}

// warnOfVariables warns once of each variable without a value, at its first use.
func (d documents) warnOfVariables(
	values map[string]string, warn func(line int, format string, args ...any),
) {
	told := map[string]bool{}
	for _, r := range slices.Concat(d.references(), d.passed()) {
		if told[r.name] || r.optional() || !r.missing(values) {
			continue
		}
		told[r.name] = true
		if r.passed {
			warn(r.line, "%s: the variable %s has no value, so the container does not get it. "+
				"Give it a value in environment of the service.", r.path, r.name)
			continue
		}
		if strings.HasSuffix(r.operator, "?") { // of a template; Check refuses other files
			warn(r.line, "%s: the variable %s must have a value: a start fails without one. "+
				"Give it one in environment of the service.", r.path, r.name)
			continue
		}
		warn(r.line, "%s: the variable %s has no value, so this is empty. "+
			"Give it a value in environment of the service, or a default as in ${%s:-default}.",
			r.path, r.name, r.name)
	}
}

// passed are the entries of environment that only name a variable.
func (d documents) passed() []reference {
	var all []reference
	for _, service := range d.services() {
		node := composefile.Target(composefile.Child(service.node, "environment"))
		at := "services." + service.name + ".environment"
		if node != nil && node.Kind == yaml.SequenceNode {
			for _, item := range node.Content {
				if name := composefile.Target(item).Value; name != "" && !strings.ContainsAny(name, "=$") {
					all = append(all, reference{name: name, line: item.Line, path: at, passed: true})
				}
			}
			continue
		}
		for name, pair := range composefile.Members(node) {
			if value := composefile.Target(pair[1]); value != nil && value.Tag == "!!null" {
				all = append(all,
					reference{name: name, line: pair[0].Line, path: at + "." + name, passed: true})
			}
		}
	}
	return all
}

// relative reports whether a path is relative to the service's folder.
func relative(source string) bool {
	return source != "" && !path.IsAbs(source) && !strings.HasPrefix(source, "~")
}

func relativeFile(file types.FileObjectConfig) bool {
	return relative(file.File) && !bool(file.External)
}

// namesFile reports whether a path looks like a file and not like a folder: its last
// part has an extension other than ".d", which is common for folders.
func namesFile(source string) bool {
	base := path.Base(source)
	extension := path.Ext(base)
	return extension != "" && extension != "." && extension != base && extension != ".d"
}

// remoteContext reports whether docker fetches the build context from elsewhere.
func remoteContext(context string) bool {
	return strings.Contains(context, "://") || strings.HasPrefix(context, "git@") ||
		strings.HasPrefix(context, "github.com/")
}

func sortedKeys[V any](all map[string]V) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
