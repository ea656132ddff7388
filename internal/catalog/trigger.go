package catalog

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// TriggerRule declares events that start an operation on a resource. A kind uses only the
// fields that are named for it; the others are empty.
type TriggerRule struct {
	Kind TriggerKind
	// Repository and Tag are for an image: the repository in the registry ("team/web"), and
	// which of its tags count: one tag, a glob ("v*") or a range of versions ("^1.2").
	Repository string
	Tag        string
	// Bucket, Prefix and Suffix are for an object: its bucket, and how its key begins and ends.
	Bucket string
	Prefix string
	Suffix string
	// Branches, Tags and WatchPaths are globs for a git push: the branches and the tags that
	// count, and the changed files of which one must match. Without Branches and Tags, the
	// branch of the resource counts; without WatchPaths, every file counts.
	Branches   []string
	Tags       []string
	WatchPaths []string
	// Operation is start, restart or deploy, or stop; "" is deploy. Options are its options.
	Operation string
	Options   TriggerOptions
}

// TriggerKind is the kind of events that a [TriggerRule] is for.
type TriggerKind string

// The kinds of rules. A hook is a call of the resource's generic webhook.
const (
	TriggerImage  TriggerKind = "image"
	TriggerObject TriggerKind = "object"
	TriggerGit    TriggerKind = "git"
	TriggerHook   TriggerKind = "hook"
)

// TriggerOptions are the options of an operation that a rule or an event may set.
type TriggerOptions struct {
	PullLatestImages bool
	StopBeforeStart  bool
	Force            bool
	// After has the resources whose deployments must have finished before, at most
	// [MaxAfter].
	After []ID
}

// MaxAfter is the most resources that a deployment may come after.
const MaxAfter = 10

// CheckAfter returns why a declaration cannot come after the resources, or "". Whether they
// exist is decided when it starts something.
func CheckAfter(after []ID) string {
	if len(after) > MaxAfter {
		return fmt.Sprintf("must have at most %d uuids", MaxAfter)
	}
	for _, id := range after {
		if parsed, err := ParseID(string(id)); err != nil || !parsed.Kind().Deployable() {
			return "must have uuids of applications, services or databases"
		}
	}
	return ""
}

// Bounds of the declarations of a resource.
const (
	MaxTriggers       = 10
	MaxTriggerGlobs   = 20
	MaxTriggerText    = 255
	MaxObjectText     = 512
	MaxDebounce       = time.Hour
	minBucket         = 3
	maxBucket         = 63
	triggerAllowance  = 100 // the names and types of a rule's attributes
	debounceAllowance = 24
)

// triggerOperations are the operations that an event may start. Nothing is ever deleted by one.
var triggerOperations = []string{"deploy", "start", "stop", "restart"}

// triggers checks the declarations of a resource.
func (p *problems) triggers(r Deployable) {
	shared := r.Shared()
	if d := shared.Debounce; d < 0 || d > MaxDebounce || d%time.Second != 0 {
		p.Add("debounce", "must be seconds from 0 to %d", int(MaxDebounce/time.Second))
	}
	if n := len(shared.Triggers); n > MaxTriggers {
		p.Add("triggers", "may be at most %d, are %d", MaxTriggers, n)
		return
	}
	for i, rule := range shared.Triggers {
		field := "triggers." + strconv.Itoa(i)
		if rule.Operation != "" && !slices.Contains(triggerOperations, rule.Operation) {
			p.Add(field+".operation", "must be %s", oneOf(triggerOperations))
		}
		if len(rule.Options.After) > 0 && rule.Does() == "stop" {
			p.Add(field+".options.after", "is for a start, a restart or a deploy")
		} else if problem := CheckAfter(rule.Options.After); problem != "" {
			p.Add(field+".options.after", "%s", problem)
		}
		if name := rule.foreign(); name != "" {
			p.Add(field+"."+name, "is not for a rule of kind %q", rule.Kind)
		}
		switch rule.Kind {
		case TriggerImage:
			p.imageRule(field, r, rule)
		case TriggerObject:
			p.objectRule(field, rule)
		case TriggerGit:
			p.gitRule(field, r, rule)
		case TriggerHook:
		default:
			p.Add(field+".kind", "must be image, object, git or hook")
		}
	}
}

// oneOf writes a list of words for an error: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// foreign returns a field that is set and belongs to another kind of rule, or "".
func (r TriggerRule) foreign() string {
	for _, field := range []struct {
		name string
		of   TriggerKind
		set  bool
	}{
		{"repository", TriggerImage, r.Repository != ""},
		{"tag", TriggerImage, r.Tag != ""},
		{"bucket", TriggerObject, r.Bucket != ""},
		{"prefix", TriggerObject, r.Prefix != ""},
		{"suffix", TriggerObject, r.Suffix != ""},
		{"branches", TriggerGit, len(r.Branches) > 0},
		{"tags", TriggerGit, len(r.Tags) > 0},
		{"watch_paths", TriggerGit, len(r.WatchPaths) > 0},
	} {
		if field.set && field.of != r.Kind {
			return field.name
		}
	}
	return ""
}

// imageRule checks a rule for pushed images. The tag of an application that runs an image
// becomes the pushed one, so the rule must be for that image.
func (p *problems) imageRule(field string, resource Deployable, rule TriggerRule) {
	if reference, ok := ParseImageReference(rule.Repository); !ok || reference.Registry != "" ||
		reference.Tag != "" || reference.Digest != "" {
		p.Add(field+".repository", "must be a repository of the registry, such as team/web, without a "+
			"registry, a tag or a digest")
	}
	if !IsLine(rule.Tag, maxImageTag) || rule.Tag == "" {
		p.Add(field+".tag", "must be a tag, a glob such as v*, or a range of versions such as ^1.2")
	} else if problem := CheckTagPattern(rule.Tag); problem != "" {
		p.Add(field+".tag", "%s", problem)
	}
	switch resource := resource.(type) {
	case *Application:
		if resource.Image == nil {
			break
		}
		if image, ok := ParseImageReference(resource.Image.Name); ok && image.Path != rule.Repository {
			p.Add(field+".repository", "must be %s, the repository of the application's image", image.Path)
		}
	case *Database:
		p.Add(field+".kind", "must be object, git or hook: the image of a database is not deployed by a push")
	}
}

func (p *problems) objectRule(field string, rule TriggerRule) {
	if !isBucket(rule.Bucket) {
		p.Add(field+".bucket", "must be the name of a bucket that the stack's context lists")
	}
	for name, text := range map[string]string{"prefix": rule.Prefix, "suffix": rule.Suffix} {
		if !IsLine(text, MaxObjectText) {
			p.Add(field+"."+name, "must be one line of at most %d characters", MaxObjectText)
		}
	}
}

// isBucket reports whether text has the form of a bucket's name.
func isBucket(text string) bool {
	foreign := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.'
	}
	return len(text) >= minBucket && len(text) <= maxBucket && !strings.ContainsFunc(text, foreign)
}

func (p *problems) gitRule(field string, resource Deployable, rule TriggerRule) {
	if application, is := resource.(*Application); !is || application.Source() == nil {
		p.Add(field+".kind", "must be image, object or hook: this resource has no git repository")
	}
	for name, globs := range map[string][]string{"branches": rule.Branches, "tags": rule.Tags,
		"watch_paths": rule.WatchPaths} {
		if len(globs) > MaxTriggerGlobs {
			p.Add(field+"."+name, "may be at most %d, are %d", MaxTriggerGlobs, len(globs))
		}
		for i, glob := range globs {
			_, err := path.Match(strings.TrimPrefix(glob, "!"), "")
			if glob == "" || !IsLine(glob, MaxTriggerText) || err != nil {
				p.Add(field+"."+name+"."+strconv.Itoa(i), "must be a glob of at most %d characters, such as "+
					"release/* or src/**", MaxTriggerText)
			}
		}
	}
}

// Clone returns a copy that shares nothing with the rule.
func (r TriggerRule) Clone() TriggerRule {
	r.Branches, r.Tags = slices.Clone(r.Branches), slices.Clone(r.Tags)
	r.WatchPaths, r.Options.After = slices.Clone(r.WatchPaths), slices.Clone(r.Options.After)
	return r
}

// CloneTriggers returns a copy of the rules that shares nothing with them.
func CloneTriggers(rules []TriggerRule) []TriggerRule {
	clones := slices.Clone(rules)
	for i := range clones {
		clones[i] = clones[i].Clone()
	}
	return clones
}

// measuredTriggers is the size of the rules and of the debounce in the head.
func (r *Resource) measuredTriggers() []measured {
	size := 0
	for _, rule := range r.Triggers {
		size += triggerAllowance + len(rule.Kind) + len(rule.Repository) + len(rule.Tag) + len(rule.Bucket) +
			len(rule.Prefix) + len(rule.Suffix) + len(rule.Operation) +
			len(rule.Options.After)*(IDLength+elementBytes)
		for _, glob := range slices.Concat(rule.Branches, rule.Tags, rule.WatchPaths) {
			size += len(glob) + elementBytes
		}
	}
	if r.Debounce > 0 {
		size += debounceAllowance
	}
	return []measured{{"triggers", size}}
}

// Does returns the operation of the rule.
func (r TriggerRule) Does() string { return cmp.Or(r.Operation, triggerOperations[0]) }

// TriggerSources are the images and the buckets whose events reach the stack.
type TriggerSources struct {
	// Images are the beginnings of repositories.
	Images []string
	// Buckets are names of buckets.
	Buckets []string
}

// Check returns Invalid, naming the fields, if the resource declares an image or a bucket whose
// events do not reach the stack.
func (s TriggerSources) Check(resource Deployable) error {
	var wrong fault.FieldErrors
	for i, rule := range resource.Shared().Triggers {
		field := "triggers." + strconv.Itoa(i)
		begins := func(prefix string) bool { return strings.HasPrefix(rule.Repository, prefix) }
		switch {
		case rule.Kind == TriggerImage && !slices.ContainsFunc(s.Images, begins):
			wrong.Add(field+".repository", "must begin with %s", listed(s.Images, "images"))
		case rule.Kind == TriggerObject && !slices.Contains(s.Buckets, rule.Bucket):
			wrong.Add(field+".bucket", "must be %s", listed(s.Buckets, "buckets"))
		}
	}
	return wrong.Err()
}

// listed writes the texts for an error, or which context of the stack has none.
func listed(texts []string, context string) string {
	switch len(texts) {
	case 0:
		return "in the stack's context " + context + ", which is empty"
	case 1:
		return texts[0]
	}
	return oneOf(texts)
}
