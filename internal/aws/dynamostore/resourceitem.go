package dynamostore

import (
	"time"

	"waybill/internal/catalog"
)

// resourceDefinition is the definition of all kinds of resources. A kind omits the
// attributes that it does not use, and older items lack newer attributes.
type resourceDefinition struct {
	Environment          []variableItem     `dynamodbav:"environment"`
	TimeoutSeconds       int64              `dynamodbav:"timeout_seconds"`
	HealthTimeoutSeconds int64              `dynamodbav:"health_timeout_seconds"`
	SecretDigests        map[string]string  `dynamodbav:"marks,omitempty"`
	Compose              bulk               `dynamodbav:"compose,omitempty"`
	Shell                *shellItem         `dynamodbav:"shell,omitempty"`
	Image                *imageItem         `dynamodbav:"image,omitempty"`
	Dockerfile           *dockerfileItem    `dynamodbav:"dockerfile,omitempty"`
	ComposeSource        *composeSourceItem `dynamodbav:"compose_source,omitempty"`
	Database             *databaseItem      `dynamodbav:"database,omitempty"`
}

// variableItem has no value when it is secret.
type variableItem struct {
	Name   string `dynamodbav:"name"`
	Value  string `dynamodbav:"value"`
	Secret bool   `dynamodbav:"secret"`
}

// shellItem has the scripts of an application.
type shellItem struct {
	Start  bulk `dynamodbav:"start"`
	Stop   bulk `dynamodbav:"stop"`
	Health bulk `dynamodbav:"health"`
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

// composeSourceItem is the compose file of an application and its repository.
type composeSourceItem struct {
	Source sourceItem `dynamodbav:"source"`
	Path   string     `dynamodbav:"path"`
}

// sourceItem is a repository without its key, which is the second element of the
// entity's depends_on.
type sourceItem struct {
	Repository string `dynamodbav:"repository"`
	Branch     string `dynamodbav:"branch"`
	Commit     string `dynamodbav:"commit"`
	Directory  string `dynamodbav:"directory"`
	UserName   string `dynamodbav:"user_name"`
	HostKeys   bulk   `dynamodbav:"host_keys"`
}

// databaseItem has the attributes of a database.
type databaseItem struct {
	Engine        string            `dynamodbav:"engine"`
	Image         string            `dynamodbav:"image"`
	DataFolder    string            `dynamodbav:"data_folder"`
	Settings      map[string]string `dynamodbav:"settings"`
	Configuration bulk              `dynamodbav:"configuration"`
	InitScripts   []scriptItem      `dynamodbav:"init_scripts"`
	PublicPort    int               `dynamodbav:"public_port"`
	Container     containerItem     `dynamodbav:"container"`
	TLS           string            `dynamodbav:"tls"`
	Certificate   bulk              `dynamodbav:"certificate"`
}

// scriptItem is a file that a database runs once.
type scriptItem struct {
	Name string `dynamodbav:"name"`
	Text bulk   `dynamodbav:"text"`
}

// containerItem is how the one container of a resource runs.
type containerItem struct {
	Exposes  []int      `dynamodbav:"exposes"`
	Mappings []string   `dynamodbav:"mappings"`
	Limits   limitsItem `dynamodbav:"limits"`
	Health   healthItem `dynamodbav:"health"`
}

type limitsItem struct {
	Memory            string `dynamodbav:"memory"`
	MemorySwap        string `dynamodbav:"memory_swap"`
	MemoryReservation string `dynamodbav:"memory_reservation"`
	CPUs              string `dynamodbav:"cpus"`
	CPUSet            string `dynamodbav:"cpu_set"`
	CPUShares         int    `dynamodbav:"cpu_shares"`
}

type healthItem struct {
	Disabled           bool   `dynamodbav:"disabled"`
	Command            string `dynamodbav:"command"`
	Port               int    `dynamodbav:"port"`
	Path               string `dynamodbav:"path"`
	IntervalSeconds    int    `dynamodbav:"interval_seconds"`
	TimeoutSeconds     int    `dynamodbav:"timeout_seconds"`
	Retries            int    `dynamodbav:"retries"`
	StartPeriodSeconds int    `dynamodbav:"start_period_seconds"`
}

// newResourceDefinition encodes the fields that all kinds of resources have.
func newResourceDefinition(resource *catalog.Resource) resourceDefinition {
	fields := resourceDefinition{
		TimeoutSeconds:       int64(resource.Timeout / time.Second),
		HealthTimeoutSeconds: int64(resource.HealthTimeout / time.Second),
		SecretDigests:        resource.SecretDigests,
	}
	for _, variable := range resource.Environment {
		fields.Environment = append(fields.Environment, variableItem(variable))
	}
	return fields
}

func newApplicationDefinition(application *catalog.Application) resourceDefinition {
	fields := newResourceDefinition(&application.Resource)
	if shell := application.Shell; shell != nil {
		fields.Shell = &shellItem{Start: bulk(shell.Start), Stop: bulk(shell.Stop),
			Health: bulk(shell.Health)}
	}
	if image := application.Image; image != nil {
		fields.Image = &imageItem{Name: image.Name, Tag: image.Tag,
			Container: newContainerItem(image.Container)}
	}
	if built := application.Dockerfile; built != nil {
		fields.Dockerfile = &dockerfileItem{Source: newSourceItem(built.Source), Path: built.Path,
			Container: newContainerItem(built.Container)}
	}
	if compose := application.Compose; compose != nil {
		fields.ComposeSource = &composeSourceItem{Source: newSourceItem(compose.Source), Path: compose.Path}
	}
	return fields
}

func newSourceItem(source catalog.Source) sourceItem {
	return sourceItem{Repository: source.Repository, Branch: source.Branch, Commit: source.Commit,
		Directory: source.Directory, UserName: source.UserName, HostKeys: bulk(source.HostKeys)}
}

func newContainerItem(container catalog.Container) containerItem {
	return containerItem{Exposes: container.Exposes, Mappings: container.Mappings,
		Limits: limitsItem(container.Limits), Health: healthItem(container.Health)}
}

func newDatabaseDefinition(database *catalog.Database) resourceDefinition {
	item := databaseItem{
		Engine: database.Engine, Image: database.Image, DataFolder: database.DataFolder,
		Settings:      database.Settings,
		Configuration: bulk(database.Configuration), PublicPort: database.PublicPort,
		Container: newContainerItem(database.Container), TLS: database.TLS,
		Certificate: bulk(database.Certificate),
	}
	for _, script := range database.InitScripts {
		item.InitScripts = append(item.InitScripts, scriptItem{Name: script.Name, Text: bulk(script.Text)})
	}
	fields := newResourceDefinition(&database.Resource)
	fields.Database = &item
	return fields
}
