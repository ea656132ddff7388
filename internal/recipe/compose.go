package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"

	"waybill/internal/catalog"
	"waybill/internal/composefile"
	"waybill/internal/fault"
)

// composeField is the name of the compose file in requests.
const composeField = "docker_compose"

// composition is a compose file that was read.
type composition struct {
	plainFile
	project *types.Project
}

// plainFile is a compose file without the dialect of templates: the team's own, byte for
// byte, or the one that became of a template.
type plainFile struct {
	text string
	// documents know the lines of the team's file.
	documents documents
	// files have to exist in the service's folder before a start.
	files []string
}

// demands is whether a file may be read while variables that it demands have no value.
type demands bool

const (
	strict  demands = false
	lenient demands = true
)

// readCompose reads a service's compose file as docker compose would. It returns Invalid,
// with the line and the reason, if docker compose would refuse the file or if the file
// needs other files: a service is one file. A template may be registered before the
// variables that it demands have values, because people edit these afterwards.
func readCompose(
	ctx context.Context, service *catalog.Service, values map[string]string, demands demands,
) (composition, error) {
	plain, err := plainCompose(service)
	if err != nil {
		return composition{}, err
	}
	if err := plain.documents.oneFile(); err != nil {
		return composition{}, err
	}
	if service.Template && demands == lenient {
		values = plain.documents.satisfied(values)
	}
	if err := plain.documents.required(values); err != nil {
		return composition{}, err
	}
	project, err := plain.load(ctx, values)
	return composition{plain, project}, err
}

// plainCompose returns the plain compose file of a service.
func plainCompose(service *catalog.Service) (plainFile, error) {
	if len(service.Compose) > catalog.MaxComposeBytes {
		return plainFile{}, refuse(0, fmt.Sprintf("has %d bytes; at most %d are allowed",
			len(service.Compose), catalog.MaxComposeBytes))
	}
	documents, err := parseYAML(service.Compose)
	if err != nil || !service.Template {
		return plainFile{text: service.Compose, documents: documents}, err
	}
	return plainOfTemplate(documents, string(service.ID))
}

// load loads the file with the values of its variables.
func (f plainFile) load(ctx context.Context, values map[string]string) (*types.Project, error) {
	// The loader writes its warnings to a global logger, in another format than the
	// operator's log. Docker compose writes the same warnings to the team's log on the
	// server.
	logrus.SetOutput(io.Discard)
	load := func(consistent bool) (*types.Project, error) {
		return loader.LoadWithContext(ctx, detailsOf(f.text, values), func(options *loader.Options) {
			readAlone(options)
			options.SkipConsistencyCheck = !consistent
			options.Profiles = profiles(values)
		})
	}
	project, err := load(true)
	if err == nil {
		return project, hasServices(project)
	}
	// The loader stops at the first undeclared name. This reports all of them at once.
	if loose, looseErr := load(false); looseErr == nil {
		if err := f.documents.undeclared(loose); err != nil {
			return nil, err
		}
	}
	reason := reasonOf(err)
	return nil, refuse(f.documents.lineOf(reason), reason)
}

// detailsOf converts a compose file and its variables to the loader's type.
func detailsOf(text string, values map[string]string) types.ConfigDetails {
	// The folder does not exist, so the loader cannot read anything from this disk.
	const nowhere = "/waybill-service"
	return types.ConfigDetails{
		WorkingDir:  nowhere,
		ConfigFiles: []types.ConfigFile{{Filename: composeFile, Content: []byte(text)}},
		Environment: values,
	}
}

// readAlone makes the loader read nothing except the file.
func readAlone(options *loader.Options) {
	options.SetProjectName("waybill", true)
	options.SkipInclude = true
	options.SkipResolveEnvironment = true
	options.SkipResolveLabels = true
	options.ResolvePaths = false
}

// loadUnresolved loads a file that [readCompose] has accepted, without replacing its
// variables by their values.
func loadUnresolved(ctx context.Context, text string) (map[string]any, error) {
	model, err := loader.LoadModelWithContext(ctx, detailsOf(text, nil), func(options *loader.Options) {
		readAlone(options)
		options.SkipInterpolation = true
		options.SkipConsistencyCheck = true
	})
	if err != nil {
		return nil, refuse(0, reasonOf(err))
	}
	return model, nil
}

// hasServices refuses a project that would start nothing.
func hasServices(project *types.Project) error {
	switch {
	case len(project.Services) > 0:
		return nil
	case len(project.DisabledServices) == 0:
		return refuse(0, "has no services; give at least one under services:")
	}
	return refuse(0, fmt.Sprintf("starts nothing: every service has a profile and none is enabled. "+
		"Take profiles: from at least one service, or set the variable %s to one of %s",
		consts.ComposeProfiles, strings.Join(profilesOf(project.DisabledServices), ", ")))
}

// profilesOf are the profiles of the services, sorted.
func profilesOf(services types.Services) []string {
	var names []string
	for _, service := range services {
		names = append(names, service.Profiles...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// profiles returns the profiles that the variables enable. It splits the list as
// compose does.
func profiles(values map[string]string) []string {
	var enabled []string
	for name := range strings.SplitSeq(values[consts.ComposeProfiles], ",") {
		if name = strings.TrimSpace(name); name != "" {
			enabled = append(enabled, name)
		}
	}
	return enabled
}

// documents are the top-level mappings of a file, one for each YAML document. Compose
// merges them.
type documents []*yaml.Node

// parseYAML returns the top-level mappings of the documents.
func parseYAML(text string) (documents, error) {
	var all documents
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			reason := strings.TrimPrefix(reasonOf(err), "yaml: ")
			return nil, fault.New(fault.Invalid, "Validation failed.").
				WithField(composeField, "is not valid YAML: "+reason)
		}
		if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
			return nil, refuse(max(1, document.Line), "must be a mapping with services:")
		}
		all = append(all, document.Content[0])
	}
	if len(all) == 0 {
		return nil, refuse(1, "must be a mapping with services:")
	}
	return all, nil
}

// oneFile refuses a file that needs other files: a service is one file.
func (d documents) oneFile() error {
	for _, root := range d {
		if include := composefile.Child(root, "include"); include != nil {
			return refuse(include.Line, "include: is not supported; a service is one file")
		}
	}
	for _, service := range d.services() {
		if file := composefile.Child(composefile.Child(service.node, "extends"), "file"); file != nil {
			return refuse(file.Line, "extends: of another file is not supported; a service is one file")
		}
	}
	return nil
}

// entry is one member of a mapping, such as a service.
type entry struct {
	name string
	line int
	node *yaml.Node
}

// services are the services of all documents, in the order of the file.
func (d documents) services() []entry { return d.entries("services") }

// entries are the members of a top-level mapping in all documents, in the order of the
// file. They include members that come from an anchor.
func (d documents) entries(key string) []entry {
	var all []entry
	for _, root := range d {
		for name, pair := range composefile.Members(composefile.Child(root, key)) {
			all = append(all, entry{name, pair[0].Line, pair[1]})
		}
	}
	return all
}

// refuse is the error for a problem in a compose file. A line of 0 means that the line
// is not known.
func refuse(line int, reason string) error {
	return fault.New(fault.Invalid, "Validation failed.").WithField(composeField, withLine(line, reason))
}

func withLine(line int, reason string) string {
	if line > 0 {
		return fmt.Sprintf("line %d: %s", line, reason)
	}
	return reason
}

// reasonOf is the loader's message in one line, without the names of files.
func reasonOf(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, noise := range []string{
		"validating " + composeFile + ": ", composeFile + ": ", ": invalid compose project",
	} {
		text = strings.ReplaceAll(text, noise, "")
	}
	text = yamlNoise.ReplaceAllString(text, "")
	// JSON Schema's own words for this do not help the author of a compose file.
	return strings.ReplaceAll(text, " false schema", " is not a key that compose knows")
}

// The loader names places in two ways: services.web.ports.0 and service "web".
var (
	dottedPath  = regexp.MustCompile(`\b(?:services|networks|volumes|configs|secrets)(?:\.[A-Za-z0-9_-]+)+`)
	namedMember = regexp.MustCompile(`\b(service|network|volume|config|secret) "([^"]+)"`)
	// yamlNoise matches the text that the loader puts before a message of the YAML
	// parser.
	yamlNoise = regexp.MustCompile(`failed to parse yaml: (construct errors: )?(line \d+: )?` +
		`(go-yaml load error in constructor at L\d+\.C\d+: )?`)
	topLevelKey = regexp.MustCompile(`propert(?:y|ies) '([^']+)'`)
)

// lineOf finds the line that a reason is about: the line of the deepest place that the
// reason names and the documents have. It is 0 if there is no such place.
func (d documents) lineOf(reason string) int {
	var keys []string
	if match := dottedPath.FindString(reason); match != "" {
		keys = strings.Split(match, ".")
	} else if match := namedMember.FindStringSubmatch(reason); match != nil {
		keys = []string{match[1] + "s", match[2]}
	} else if match := topLevelKey.FindStringSubmatch(reason); match != nil {
		keys = match[1:]
	}
	return d.walk(keys)
}

// walk returns the line of the deepest of the keys that any document has, or 0.
func (d documents) walk(keys []string) int {
	line, deepest := 0, 0
	for _, root := range d {
		if at, depth := walk(root, keys); depth > deepest {
			line, deepest = at, depth
		}
	}
	return line
}

// walk follows the keys as far as they exist. It returns the line of the last key that
// it found and the number of keys found.
func walk(node *yaml.Node, keys []string) (line, depth int) {
	for _, key := range keys {
		name, value := composefile.Member(node, key)
		if name == nil {
			break
		}
		line, node, depth = name.Line, value, depth+1
	}
	return line, depth
}
