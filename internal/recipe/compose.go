package recipe

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// composeField is the name of the compose file in requests.
const composeField = "docker_compose"

// parseCompose reads a team's compose file as docker compose would. Invalid,
// with the line and the reason, if it would be refused, or if it needs other
// files: a service is one file.
func parseCompose(ctx context.Context, text string, values map[string]string) (*types.Project, error) {
	if len(text) > catalog.MaxComposeBytes {
		return nil, refuse(0, fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), catalog.MaxComposeBytes))
	}
	root, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	if err := oneFile(root); err != nil {
		return nil, err
	}
	// The loader warns through a global logger, in lines that are not of the
	// operator's log. It warns the team again on the server, in the right one.
	logrus.SetOutput(io.Discard)
	// A folder that is not there keeps the loader from anything on this disk.
	const nowhere = "/waybill-service"
	details := types.ConfigDetails{
		WorkingDir:  nowhere,
		ConfigFiles: []types.ConfigFile{{Filename: composeFile, Content: []byte(text)}},
		Environment: values,
	}
	project, err := loader.LoadWithContext(ctx, details, func(options *loader.Options) {
		options.SetProjectName("waybill", true)
		options.SkipInclude = true
		options.SkipResolveEnvironment = true
		options.SkipResolveLabels = true
		options.ResolvePaths = false
		options.Profiles = profiles(values)
	})
	if err != nil {
		reason := reasonOf(err)
		return nil, refuse(lineOf(root, reason), reason)
	}
	if len(project.Services) == 0 {
		return nil, refuse(0, "has no services; give at least one under services:")
	}
	return project, nil
}

// profiles are those that the variables enable, in compose's own way.
func profiles(values map[string]string) []string {
	var enabled []string
	for name := range strings.SplitSeq(values[consts.ComposeProfiles], ",") {
		if name = strings.TrimSpace(name); name != "" {
			enabled = append(enabled, name)
		}
	}
	return enabled
}

// parseYAML returns the document's top mapping.
func parseYAML(text string) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		reason := strings.TrimPrefix(reasonOf(err), "yaml: ")
		return nil, fault.New(fault.Invalid, "Validation failed.").WithField(composeField, "is not valid YAML: "+reason)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, refuse(1, "must be a mapping with services:")
	}
	return document.Content[0], nil
}

// oneFile refuses what would have compose read other files of the project,
// which there are none of.
func oneFile(root *yaml.Node) error {
	if include := child(root, "include"); include != nil {
		return refuse(include.Line, "include: is not supported; a service is one file")
	}
	services := child(root, "services")
	if services == nil || services.Kind != yaml.MappingNode {
		return nil
	}
	for i := 1; i < len(services.Content); i += 2 {
		extends := child(services.Content[i], "extends")
		if file := child(extends, "file"); file != nil {
			return refuse(file.Line, "extends: of another file is not supported; a service is one file")
		}
	}
	return nil
}

// refuse says what is wrong with a compose file; line is 0 when it is not known.
func refuse(line int, reason string) error {
	return fault.New(fault.Invalid, "Validation failed.").WithField(composeField, withLine(line, reason))
}

func withLine(line int, reason string) string {
	if line > 0 {
		return fmt.Sprintf("line %d: %s", line, reason)
	}
	return reason
}

// reasonOf is the loader's text without the names of files, in one line.
func reasonOf(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, noise := range []string{"validating " + composeFile + ": ", composeFile + ": ", ": invalid compose project"} {
		text = strings.ReplaceAll(text, noise, "")
	}
	text = yamlNoise.ReplaceAllString(text, "")
	// What JSON Schema calls this helps nobody who writes a compose file.
	return strings.ReplaceAll(text, " false schema", " is not a key that compose knows")
}

// The loader names places in two ways: services.web.ports.0 and service "web".
var (
	dottedPath  = regexp.MustCompile(`\b(?:services|networks|volumes|configs|secrets)(?:\.[A-Za-z0-9_-]+)+`)
	namedMember = regexp.MustCompile(`\b(service|network|volume|config|secret) "([^"]+)"`)
	// yamlNoise is what the loader puts before a reason of the YAML reader.
	yamlNoise   = regexp.MustCompile(`failed to parse yaml: (construct errors: )?(line \d+: )?(go-yaml load error in constructor at L\d+\.C\d+: )?`)
	topLevelKey = regexp.MustCompile(`propert(?:y|ies) '([^']+)'`)
)

// lineOf finds the line that a reason is about: the deepest place that it
// names and that the document has. 0 if it names none.
func lineOf(root *yaml.Node, reason string) int {
	if match := dottedPath.FindString(reason); match != "" {
		return walk(root, strings.Split(match, "."))
	}
	if match := namedMember.FindStringSubmatch(reason); match != nil {
		return walk(root, []string{match[1] + "s", match[2]})
	}
	if match := topLevelKey.FindStringSubmatch(reason); match != nil {
		return walk(root, match[1:])
	}
	return 0
}

// walk follows the keys as far as they go and returns the line of the last.
func walk(node *yaml.Node, keys []string) int {
	line := 0
	for _, key := range keys {
		name, value := member(node, key)
		if name == nil {
			break
		}
		line, node = name.Line, value
	}
	return line
}

// child is the value under a key, or nil.
func child(node *yaml.Node, key string) *yaml.Node {
	_, value := member(node, key)
	return value
}

// member finds a key of a mapping, or a number of a list, with the node that has
// its line; or nil. An alias is what it stands for.
func member(node *yaml.Node, key string) (name, value *yaml.Node) {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node == nil:
	case node.Kind == yaml.SequenceNode:
		if n, err := strconv.Atoi(key); err == nil && n < len(node.Content) {
			return node.Content[n], node.Content[n]
		}
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return node.Content[i], node.Content[i+1]
			}
		}
	}
	return nil, nil
}
