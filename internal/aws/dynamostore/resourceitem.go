package dynamostore

import (
	"time"

	"waybill/internal/catalog"
)

// resourceDefinition is the definition of all kinds of resources, without the body. A kind
// omits the attributes that it does not use.
type resourceDefinition struct {
	TimeoutSeconds       int64              `dynamodbav:"timeout_seconds"`
	HealthTimeoutSeconds int64              `dynamodbav:"health_timeout_seconds"`
	Retention            *retentionItem     `dynamodbav:"retention,omitempty"`
	Windows              *windowsItem       `dynamodbav:"windows,omitempty"`
	Labels               *labelsItem        `dynamodbav:"labels,omitempty"`
	WebhookGeneration    int                `dynamodbav:"webhooks,omitempty"`
	Triggers             []triggerItem      `dynamodbav:"triggers,omitempty"`
	DebounceSeconds      int64              `dynamodbav:"debounce_seconds,omitempty"`
	Shell                bool               `dynamodbav:"shell,omitempty"`
	Template             bool               `dynamodbav:"template,omitempty"`
	Image                *imageItem         `dynamodbav:"image,omitempty"`
	Dockerfile           *dockerfileItem    `dynamodbav:"dockerfile,omitempty"`
	Inline               *inlineItem        `dynamodbav:"inline,omitempty"`
	ComposeSource        *composeSourceItem `dynamodbav:"compose_source,omitempty"`
	Database             *databaseItem      `dynamodbav:"database,omitempty"`
}

// retentionItem is how long the deployments of a resource are kept, in days.
type retentionItem struct {
	Finished  int `dynamodbav:"finished,omitempty"`
	Failed    int `dynamodbav:"failed,omitempty"`
	Cancelled int `dynamodbav:"cancelled,omitempty"`
}

// labelsItem are the labels of a resource.
type labelsItem struct {
	Project     string   `dynamodbav:"project,omitempty"`
	Environment string   `dynamodbav:"environment,omitempty"`
	Tags        []string `dynamodbav:"tags,omitempty"`
}

// triggerItem is a rule for events of a resource.
type triggerItem struct {
	Kind       string   `dynamodbav:"kind"`
	Repository string   `dynamodbav:"repository,omitempty"`
	Tag        string   `dynamodbav:"tag,omitempty"`
	Bucket     string   `dynamodbav:"bucket,omitempty"`
	Prefix     string   `dynamodbav:"prefix,omitempty"`
	Suffix     string   `dynamodbav:"suffix,omitempty"`
	Branches   []string `dynamodbav:"branches,omitempty"`
	Tags       []string `dynamodbav:"tags,omitempty"`
	WatchPaths []string `dynamodbav:"watch_paths,omitempty"`
	Operation  string   `dynamodbav:"operation,omitempty"`
	Pull       bool     `dynamodbav:"pull,omitempty"`
	StopFirst  bool     `dynamodbav:"stop_first,omitempty"`
	Force      bool     `dynamodbav:"force,omitempty"`

	After []catalog.ID `dynamodbav:"after,omitempty"`
}

func newTriggerItems(rules []catalog.TriggerRule) []triggerItem {
	var all []triggerItem
	for _, r := range rules {
		all = append(all, triggerItem{Kind: string(r.Kind), Repository: r.Repository, Tag: r.Tag,
			Bucket: r.Bucket, Prefix: r.Prefix, Suffix: r.Suffix,
			Branches: r.Branches, Tags: r.Tags, WatchPaths: r.WatchPaths, Operation: r.Operation,
			Pull: r.Options.PullLatestImages, StopFirst: r.Options.StopBeforeStart, Force: r.Options.Force,
			After: r.Options.After})
	}
	return all
}

func (f resourceDefinition) triggers() []catalog.TriggerRule {
	var all []catalog.TriggerRule
	for _, t := range f.Triggers {
		all = append(all, catalog.TriggerRule{Kind: catalog.TriggerKind(t.Kind), Repository: t.Repository,
			Tag: t.Tag, Bucket: t.Bucket, Prefix: t.Prefix, Suffix: t.Suffix,
			Branches: t.Branches, Tags: t.Tags, WatchPaths: t.WatchPaths, Operation: t.Operation,
			Options: catalog.TriggerOptions{PullLatestImages: t.Pull, StopBeforeStart: t.StopFirst,
				Force: t.Force, After: t.After}})
	}
	return all
}

// imageItem is the image of an application.
type imageItem struct {
	Name      string        `dynamodbav:"name"`
	Tag       string        `dynamodbav:"tag"`
	Container containerItem `dynamodbav:"container"`
}

// dockerfileItem is the Dockerfile of an application and its repository.
type dockerfileItem struct {
	Source    sourceItem    `dynamodbav:"source"`
	Path      string        `dynamodbav:"path"`
	Container containerItem `dynamodbav:"container"`
}

// inlineItem is an application whose Dockerfile is in the body.
type inlineItem struct {
	Container containerItem `dynamodbav:"container"`
}

// composeSourceItem is the compose file of an application and its repository.
type composeSourceItem struct {
	Source sourceItem `dynamodbav:"source"`
	Path   string     `dynamodbav:"path"`
}

// sourceItem is a repository without its key, which is the second element of the
// entity's depends_on.
type sourceItem struct {
	Repository string `dynamodbav:"repository,omitempty"`
	Branch     string `dynamodbav:"branch,omitempty"`
	Commit     string `dynamodbav:"commit,omitempty"`
	Directory  string `dynamodbav:"directory,omitempty"`
	UserName   string `dynamodbav:"user_name,omitempty"`
}

// databaseItem has the attributes of a database.
type databaseItem struct {
	Engine     string            `dynamodbav:"engine,omitempty"`
	Image      string            `dynamodbav:"image,omitempty"`
	DataFolder string            `dynamodbav:"data_folder,omitempty"`
	Settings   map[string]string `dynamodbav:"settings,omitempty"`
	PublicPort int               `dynamodbav:"public_port,omitempty"`
	Container  containerItem     `dynamodbav:"container,omitempty"`
	TLS        string            `dynamodbav:"tls,omitempty"`
}

// containerItem is how the one container of a resource runs.
type containerItem struct {
	Exposes  []int      `dynamodbav:"exposes,omitempty"`
	Mappings []string   `dynamodbav:"mappings,omitempty"`
	Limits   limitsItem `dynamodbav:"limits,omitempty"`
	Health   healthItem `dynamodbav:"health,omitempty"`
}

type limitsItem struct {
	Memory            string `dynamodbav:"memory,omitempty"`
	MemorySwap        string `dynamodbav:"memory_swap,omitempty"`
	MemoryReservation string `dynamodbav:"memory_reservation,omitempty"`
	CPUs              string `dynamodbav:"cpus,omitempty"`
	CPUSet            string `dynamodbav:"cpu_set,omitempty"`
	CPUShares         int    `dynamodbav:"cpu_shares,omitempty"`
}

type healthItem struct {
	Disabled           bool   `dynamodbav:"disabled,omitempty"`
	Port               int    `dynamodbav:"port,omitempty"`
	Path               string `dynamodbav:"path,omitempty"`
	IntervalSeconds    int    `dynamodbav:"interval_seconds,omitempty"`
	TimeoutSeconds     int    `dynamodbav:"timeout_seconds,omitempty"`
	Retries            int    `dynamodbav:"retries,omitempty"`
	StartPeriodSeconds int    `dynamodbav:"start_period_seconds,omitempty"`
}

// newResourceDefinition encodes the fields that all kinds of resources have.
func newResourceDefinition(resource *catalog.Resource) resourceDefinition {
	fields := resourceDefinition{
		TimeoutSeconds:       int64(resource.Timeout / time.Second),
		HealthTimeoutSeconds: int64(resource.HealthTimeout / time.Second),
		WebhookGeneration:    resource.WebhookGeneration,
		Windows:              newWindowsItem(resource.Windows),
	}
	fields.Triggers = newTriggerItems(resource.Triggers)
	fields.DebounceSeconds = int64(resource.Debounce / time.Second)
	if resource.Retention != (catalog.Retention{}) {
		fields.Retention = new(retentionItem(resource.Retention))
	}
	if labels := labelsItem(resource.Labels); labels.Project != "" || labels.Environment != "" ||
		len(labels.Tags) > 0 {
		fields.Labels = &labels
	}
	return fields
}

func newServiceDefinition(service *catalog.Service) resourceDefinition {
	fields := newResourceDefinition(&service.Resource)
	fields.Template = service.Template
	return fields
}

func newApplicationDefinition(application *catalog.Application) resourceDefinition {
	fields := newResourceDefinition(&application.Resource)
	fields.Shell = application.Shell != nil
	if image := application.Image; image != nil {
		fields.Image = &imageItem{Name: image.Name, Tag: image.Tag,
			Container: newContainerItem(image.Container)}
	}
	if built := application.Dockerfile; built != nil {
		fields.Dockerfile = &dockerfileItem{Source: newSourceItem(built.Source), Path: built.Path,
			Container: newContainerItem(built.Container)}
	}
	if inline := application.Inline; inline != nil {
		fields.Inline = &inlineItem{Container: newContainerItem(inline.Container)}
	}
	if compose := application.Compose; compose != nil {
		fields.ComposeSource = &composeSourceItem{Source: newSourceItem(compose.Source), Path: compose.Path}
	}
	return fields
}

func newSourceItem(source catalog.Source) sourceItem {
	return sourceItem{Repository: source.Repository, Branch: source.Branch, Commit: source.Commit,
		Directory: source.Directory, UserName: source.UserName}
}

func newContainerItem(container catalog.Container) containerItem {
	health := container.Health
	return containerItem{
		Exposes: container.Exposes, Mappings: container.Mappings, Limits: limitsItem(container.Limits),
		Health: healthItem{
			Disabled: health.Disabled, Port: health.Port, Path: health.Path,
			IntervalSeconds: health.IntervalSeconds, TimeoutSeconds: health.TimeoutSeconds,
			Retries: health.Retries, StartPeriodSeconds: health.StartPeriodSeconds,
		},
	}
}

func newDatabaseDefinition(database *catalog.Database) resourceDefinition {
	fields := newResourceDefinition(&database.Resource)
	fields.Database = &databaseItem{
		Engine: database.Engine, Image: database.Image, DataFolder: database.DataFolder,
		Settings: database.Settings, PublicPort: database.PublicPort,
		Container: newContainerItem(database.Container), TLS: database.TLS,
	}
	return fields
}
