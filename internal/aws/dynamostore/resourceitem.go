package dynamostore

import (
	"time"

	"waybill/internal/catalog"
)

// resourceDefinition is the definition of every kind of resource. What only
// some have is absent from the others, and from items that are older than it.
type resourceDefinition struct {
	Environment          []variableItem     `dynamodbav:"environment"`
	TimeoutSeconds       int64              `dynamodbav:"timeout_seconds"`
	HealthTimeoutSeconds int64              `dynamodbav:"health_timeout_seconds"`
	Marks                map[string]string  `dynamodbav:"marks,omitempty"`
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

// shellItem is the commands of an application.
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

// dockerfileItem is what an application is built from.
type dockerfileItem struct {
	Source    sourceItem    `dynamodbav:"source"`
	Path      string        `dynamodbav:"path"`
	Container containerItem `dynamodbav:"container"`
}

// composeSourceItem is where an application's compose file lies.
type composeSourceItem struct {
	Source sourceItem `dynamodbav:"source"`
	Path   string     `dynamodbav:"path"`
}

// sourceItem is a repository without its key, which is the second of the
// entity's depends_on.
type sourceItem struct {
	Repository string `dynamodbav:"repository"`
	Branch     string `dynamodbav:"branch"`
	Commit     string `dynamodbav:"commit"`
	Directory  string `dynamodbav:"directory"`
	UserName   string `dynamodbav:"user_name"`
	HostKeys   bulk   `dynamodbav:"host_keys"`
}

// databaseItem is what only a database has.
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

// resourceForm is what every kind of resource has.
func resourceForm(resource *catalog.Resource) resourceDefinition {
	form := resourceDefinition{
		TimeoutSeconds:       int64(resource.Timeout / time.Second),
		HealthTimeoutSeconds: int64(resource.HealthTimeout / time.Second),
		Marks:                resource.Marks,
	}
	for _, variable := range resource.Environment {
		form.Environment = append(form.Environment, variableItem(variable))
	}
	return form
}

func applicationForm(application *catalog.Application) resourceDefinition {
	form := resourceForm(&application.Resource)
	if shell := application.Shell; shell != nil {
		form.Shell = &shellItem{Start: bulk(shell.Start), Stop: bulk(shell.Stop), Health: bulk(shell.Health)}
	}
	if image := application.Image; image != nil {
		form.Image = &imageItem{Name: image.Name, Tag: image.Tag, Container: containerForm(image.Container)}
	}
	if built := application.Dockerfile; built != nil {
		form.Dockerfile = &dockerfileItem{Source: sourceForm(built.Source), Path: built.Path, Container: containerForm(built.Container)}
	}
	if compose := application.Compose; compose != nil {
		form.ComposeSource = &composeSourceItem{Source: sourceForm(compose.Source), Path: compose.Path}
	}
	return form
}

func sourceForm(source catalog.Source) sourceItem {
	return sourceItem{Repository: source.Repository, Branch: source.Branch, Commit: source.Commit,
		Directory: source.Directory, UserName: source.UserName, HostKeys: bulk(source.HostKeys)}
}

func containerForm(container catalog.Container) containerItem {
	return containerItem{Exposes: container.Exposes, Mappings: container.Mappings,
		Limits: limitsItem(container.Limits), Health: healthItem(container.Health)}
}

func databaseForm(database *catalog.Database) resourceDefinition {
	item := databaseItem{
		Engine: database.Engine, Image: database.Image, DataFolder: database.DataFolder, Settings: database.Settings,
		Configuration: bulk(database.Configuration), PublicPort: database.PublicPort,
		Container: containerForm(database.Container), TLS: database.TLS, Certificate: bulk(database.Certificate),
	}
	for _, script := range database.InitScripts {
		item.InitScripts = append(item.InitScripts, scriptItem{Name: script.Name, Text: bulk(script.Text)})
	}
	form := resourceForm(&database.Resource)
	form.Database = &item
	return form
}
