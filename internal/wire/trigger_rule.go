package wire

import "waybill/internal/catalog"

// TriggerRule declares events that start an operation on a resource. A kind has only its own
// fields; Operation and Options are always there.
type TriggerRule struct {
	Kind       string         `json:"kind"`
	Repository string         `json:"repository,omitempty"`
	Tag        string         `json:"tag,omitempty"`
	Bucket     string         `json:"bucket,omitempty"`
	Prefix     string         `json:"prefix,omitempty"`
	Suffix     string         `json:"suffix,omitempty"`
	Branches   []string       `json:"branches,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	WatchPaths []string       `json:"watch_paths,omitempty"`
	Operation  string         `json:"operation"`
	Options    TriggerOptions `json:"options"`
}

// TriggerOptions are the options of an operation that an event starts.
type TriggerOptions struct {
	PullLatestImages bool `json:"pull_latest_images"`
	StopBeforeStart  bool `json:"stop_before_start"`
	Force            bool `json:"force"`

	After []catalog.ID `json:"after"`
}

// triggerRules returns the rules as lists and answers show them.
func triggerRules(rules []catalog.TriggerRule) []TriggerRule {
	all := []TriggerRule{}
	for _, r := range rules {
		r.Options.After = append([]catalog.ID{}, r.Options.After...)
		all = append(all, TriggerRule{Kind: string(r.Kind), Repository: r.Repository, Tag: r.Tag,
			Bucket: r.Bucket, Prefix: r.Prefix, Suffix: r.Suffix,
			Branches: r.Branches, Tags: r.Tags, WatchPaths: r.WatchPaths,
			Operation: r.Does(), Options: TriggerOptions(r.Options)})
	}
	return all
}

// catalogTriggers is the inverse of triggerRules.
func catalogTriggers(rules []TriggerRule) []catalog.TriggerRule {
	var all []catalog.TriggerRule
	for _, r := range rules {
		all = append(all, catalog.TriggerRule{Kind: catalog.TriggerKind(r.Kind), Repository: r.Repository,
			Tag: r.Tag, Bucket: r.Bucket, Prefix: r.Prefix, Suffix: r.Suffix,
			Branches: r.Branches, Tags: r.Tags, WatchPaths: r.WatchPaths,
			Operation: r.Operation, Options: catalog.TriggerOptions(r.Options)})
	}
	return all
}
