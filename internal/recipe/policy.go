package recipe

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/fault"
)

// A server may forbid compose files that would let a container take it over. This file
// checks the compose files that are known before anything runs, by the table in
// policyrules.go. On the server, policy.sh checks by the same table.

// policy collects the parts of one compose file that a server forbids.
type policy struct {
	// forbids is whether the server forbids host access. If not, only the folders that
	// Waybill trusts are out of reach.
	forbids bool
	// folder is the resource's own folder on the server, which it may mount. It lies in
	// dataDir, and the rest of dataDir belongs to others. environment is the path of
	// the file with the resource's variables.
	folder, dataDir, environment string
	documents                    documents
	fields                       fault.FieldErrors
}

// node is one value of a compose file, with its place.
type node struct {
	keys   []string
	value  any
	parent *node
}

// sibling is the text under another key of the same mapping, or "".
func (n node) sibling(key string) string {
	if n.parent != nil {
		if mapping, is := n.parent.value.(map[string]any); is {
			return scalar(mapping[key])
		}
	}
	return ""
}

func (n node) below(key string, value any) node {
	return node{append(slices.Clone(n.keys), key), value, &n}
}

// checkHostAccess refuses a compose file that mounts a folder that Waybill trusts. If
// the server forbids host access, it also refuses a file with which a container could
// take the server over.
func (in Input) checkHostAccess(ctx context.Context, read composition) error {
	resolved, err := resolvedModel(read.project)
	if err != nil {
		return err
	}
	written, err := writtenModel(ctx, read.text)
	if err != nil {
		return err
	}
	p := &policy{forbids: in.ForbidHostAccess, folder: in.folder(), dataDir: in.DataDir,
		environment: path.Join(in.control(), environmentFile), documents: read.documents}
	p.model(resolved, false)
	p.model(written, true)
	return p.fields.Err()
}

// resolvedModel is the project as compose itself writes it.
func resolvedModel(parsed *types.Project) (map[string]any, error) {
	whole := *parsed
	whole.Services, whole.Jobs, whole.Extensions = parsed.AllServices(), parsed.AllJobs(), nil
	// The SSH settings of a build have no JSON form. The rule for them looks at the
	// written model.
	for name, service := range whole.Services {
		service.Build = withoutSSH(service.Build)
		whole.Services[name] = service
	}
	for name, job := range whole.Jobs {
		job.Build = withoutSSH(job.Build)
		whole.Jobs[name] = job
	}
	// Compose leaves unused resources out.
	text, err := whole.WithoutUnnecessaryResources().MarshalJSON()
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid,
			"The compose file cannot be judged by the server's policy.")
	}
	return decodeModel(text)
}

// writtenModel is the file as compose reads it, before values replace its variables.
func writtenModel(ctx context.Context, text string) (map[string]any, error) {
	model, err := loadUnresolved(ctx, text)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(model)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid,
			"The compose file cannot be judged by the server's policy.")
	}
	return decodeModel(encoded)
}

func decodeModel(text []byte) (map[string]any, error) {
	model := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&model); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "read a compose model")
	}
	return model, nil
}

func withoutSSH(build *types.BuildConfig) *types.BuildConfig {
	if build == nil || len(build.SSH) == 0 {
		return build
	}
	other := *build
	other.SSH = nil
	return &other
}

// model applies the rules to all values of a model.
func (p *policy) model(model map[string]any, written bool) {
	rules := map[int][]rule{} // by the number of keys
	paths := map[string][]string{}
	for _, r := range policyRules() {
		if r.written == written {
			paths[r.path] = strings.Split(r.path, ".")
			rules[len(paths[r.path])] = append(rules[len(paths[r.path])], r)
		}
	}
	var walk func(n node)
	walk = func(n node) {
		for _, r := range rules[len(n.keys)] {
			if leadsTo(paths[r.path], n.keys) {
				p.judge(r, n)
				break
			}
		}
		switch value := n.value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				walk(n.below(key, value[key]))
			}
		case []any:
			for i, item := range value {
				walk(n.below(strconv.Itoa(i), item))
			}
		}
	}
	walk(node{value: model})
}

// leadsTo reports whether a rule's path matches the keys.
func leadsTo(path, keys []string) bool {
	for i, key := range keys {
		if path[i] != "*" && path[i] != key {
			return false
		}
	}
	return true
}

// judge applies a rule to a value.
func (p *policy) judge(r rule, n node) {
	if r.reading == present {
		p.when(isPresent(n.value), n.keys, r.says)
		return
	}
	text := scalar(n.value)
	if text == "" {
		return
	}
	switch r.reading {
	case plainly:
		p.allow(r, n.keys, text)
	case capability:
		p.allow(r, n.keys, strings.TrimPrefix(strings.ToUpper(text), "CAP_"))
	case option:
		if !strings.Contains(text, "=") {
			text = strings.Replace(text, ":", "=", 1)
		}
		p.allow(r, n.keys, text)
	case pieces:
		bare := strings.NewReplacer(" ", "", `"`, "").Replace(strings.ToLower(text))
		for piece := range strings.SplitSeq(bare, ",") {
			p.allow(r, n.keys, piece)
		}
	default:
		for _, place := range places(r.reading, n, text) {
			p.place(n.keys, place, r.written)
		}
	}
}

// places are the paths on the server that a value names.
func places(how reading, n node, text string) []string {
	switch how {
	case mounted:
		if kind := n.sibling("type"); kind != types.VolumeTypeBind && kind != types.VolumeTypeNamedPipe {
			return nil
		}
	case device:
		return devices(n, text)
	case buildContext:
		if isRemote(text) {
			return nil
		}
		return []string{local(text)}
	case dockerfilePath:
		return dockerfiles(n.sibling("context"), text)
	case paths:
		options := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",:=", r) })
		return slices.DeleteFunc(options, func(option string) bool { return !path.IsAbs(option) })
	}
	return []string{text}
}

// devices are the places that the device of a volume may mean. Compose makes a relative
// path absolute only if the driver is given and the mount has no other option.
func devices(n node, text string) []string {
	if path.IsAbs(text) || n.sibling("o") == "bind" && n.parent.sibling("driver") == "local" {
		return []string{text}
	}
	return []string{text, "/" + text}
}

// isRemote reports whether a build context is not in a folder of the server.
func isRemote(context string) bool {
	return fits(remoteContexts, context) && !strings.Contains(context, "/..")
}

// local is the folder that a build context means, without a scheme.
func local(context string) string {
	if _, rest, found := strings.Cut(context, "://"); found {
		return rest
	}
	return context
}

// dockerfiles is the place of a Dockerfile, which may lie outside of its context.
func dockerfiles(context, file string) []string {
	switch {
	case path.IsAbs(file), strings.Contains(file, "://"):
		return []string{local(file)}
	case isRemote(context):
		return nil
	}
	return []string{local(context) + "/" + file}
}

// isPresent reports whether a value is set: not empty and not false.
func isPresent(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) > 0
	case []any:
		return len(value) > 0
	case bool:
		return value
	}
	return scalar(value) != ""
}

// jsonEscapes undoes the escapes that policy.sh undoes in compose's JSON. The escapes
// of control characters stay as they are.
var jsonEscapes = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// scalar is the text of a string or number, and "" for any other value.
func scalar(value any) string {
	switch value := value.(type) {
	case string:
		text, err := json.Marshal(value)
		if err != nil { // cannot happen: every string has a JSON form
			return value
		}
		return jsonEscapes.Replace(string(text[1 : len(text)-1]))
	case json.Number:
		return value.String()
	}
	return ""
}

// allow refuses a text that the rule's patterns do not allow.
func (p *policy) allow(r rule, keys []string, text string) {
	p.when(!fits(r.allow, text), keys, strings.ReplaceAll(r.says, "%", text))
}

// place refuses a path on the server that neither belongs to the resource nor is free
// for all. Written rules allow the file with the resource's own variables.
func (p *policy) place(keys []string, place string, written bool) {
	full := path.Clean(place)
	said := full
	switch {
	case strings.HasPrefix(place, "~"):
		full = path.Join("/home", place)
	case !path.IsAbs(place):
		full = path.Join(p.folder, place)
		said = full
	}
	switch {
	case written && full == p.environment:
	case trusted(full, p.dataDir):
		p.refuse(keys, "access to "+said)
	case strings.ContainsAny(place, `$\`):
		p.when(true, keys, "paths with a dollar sign, a backslash or a control character")
	default:
		p.when(!mayMount(full, p.folder, p.dataDir), keys, "access to "+said)
	}
}

// trusted reports whether the place is the data directory, or lies in one of the
// folders in it that Waybill trusts. A folder around the data directory does not count:
// mounting it gives the container the whole server, and forbid_host_access is there to
// prevent that.
func trusted(place, dataDir string) bool {
	return place == path.Clean(dataDir) || within(place, path.Join(dataDir, controlFolder)) ||
		within(place, path.Join(dataDir, runsFolder))
}

// mayMount reports whether a resource may mount the place. It may mount anything in its
// own folder. Elsewhere, it may mount neither a part of a system folder or of Waybill's
// data directory, nor a folder around one of them.
func mayMount(place, folder, dataDir string) bool {
	if within(place, folder) || slices.Contains(harmlessFiles, place) {
		return true
	}
	for _, kept := range append(slices.Clone(systemFolders), dataDir) {
		if within(place, kept) || within(kept, place) {
			return false
		}
	}
	return true
}

func within(place, folder string) bool {
	return place == folder || strings.HasPrefix(place, strings.TrimSuffix(folder, "/")+"/")
}

// when refuses the value if it is forbidden and the server forbids host access.
func (p *policy) when(forbidden bool, keys []string, what string) {
	if forbidden && p.forbids {
		p.refuse(keys, what)
	}
}

func (p *policy) refuse(keys []string, what string) {
	reason := strings.Join(keys, ".") + ": this server forbids " + what
	p.fields.Add(composeField, "%s", withLine(p.documents.walk(keys), reason))
}
