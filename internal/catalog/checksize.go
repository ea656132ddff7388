package catalog

import (
	"maps"
	"slices"
)

// Sizes are counted as DynamoDB counts them at most: the bytes of all texts, and allowances
// for the names of fields, the numbers and the times.
const (
	headAllowance   = 700 // the largest is the one of an application with a repository and a container
	bodyAllowance   = 512
	labelsAllowance = 48 // the names of the fields of labels
	windowsBytes    = 48 // the names of the fields of windows
	freezeBytes     = 24 // of each freeze, which is a map
	portBytes       = 5
	elementBytes    = 2  // of each element of a list or a map
	memberBytes     = 32 // of each variable and each init script, which are maps
	notesBytes      = 96 // of the notes of a variable, without its comment
	digestTextBytes = 16
)

// measured is the size of a field, under its name in the API.
type measured struct {
	field string
	bytes int
}

// sizes checks the size of the draft's head and of its body.
func (p *problems) sizes(draft Deployable) {
	meta := draft.Common()
	head := append(draft.Shared().Labels.measured(),
		measured{"name", len(meta.Name)}, measured{"description", len(meta.Description)},
		measured{"windows", measuredWindows(draft.Shared().Windows)})
	head = append(head, draft.Shared().measuredTriggers()...)
	switch draft := draft.(type) {
	case *Application:
		head = append(head, draft.measured()...)
	case *Database:
		head = append(head, draft.measured()...)
	}
	p.together(head, headAllowance, MaxHeadBytes, "is the largest of the fields that lists show")
	p.together(measuredBody(draft), bodyAllowance, MaxBodyBytes, "is the largest of the texts and variables")
}

// together adds a problem with the largest field if the fields have more than most bytes.
func (p *problems) together(fields []measured, allowance, most int, is string) {
	largest, total := fields[0], allowance
	for _, field := range fields {
		total += field.bytes
		if field.bytes > largest.bytes {
			largest = field
		}
	}
	if total > most {
		p.Add(largest.field, "%s, which may have %d bytes together, have %d", is, most, total)
	}
}

func (a *Application) measured() []measured {
	var fields []measured
	if source := a.Source(); source != nil {
		fields = []measured{
			{"git_repository", len(source.Repository)},
			{"git_branch", len(source.Branch)},
			{"git_commit_sha", len(source.Commit)},
			{"base_directory", len(source.Directory)},
			{"git_username", len(source.UserName)},
		}
	}
	switch {
	case a.Image != nil:
		fields = append(fields, measured{"docker_registry_image_name", len(a.Image.Name)},
			measured{"docker_registry_image_tag", len(a.Image.Tag)})
	case a.Dockerfile != nil:
		fields = append(fields, measured{"dockerfile_location", len(a.Dockerfile.Path)})
	case a.Compose != nil:
		fields = append(fields, measured{"docker_compose_location", len(a.Compose.Path)})
	}
	if container := a.container(); container != nil {
		fields = append(fields, container.measured()...)
	}
	return fields
}

func (d *Database) measured() []measured {
	fields := append(d.Container.measured(), measured{"image", len(d.Image) + len(d.DataFolder)})
	secret := map[string]bool{}
	for _, setting := range secretSettings(d) {
		secret[setting.Field] = true
	}
	for _, field := range slices.Sorted(maps.Keys(d.Settings)) {
		if !secret[field] {
			fields = append(fields, measured{field, len(field) + len(d.Settings[field]) + elementBytes})
		}
	}
	return fields
}

func (c *Container) measured() []measured {
	mappings := 0
	for _, mapping := range c.Mappings {
		mappings += len(mapping) + elementBytes
	}
	return []measured{
		{"ports_exposes", portBytes * len(c.Exposes)},
		{"ports_mappings", mappings},
		{"limits_cpuset", len(c.Limits.CPUSet)},
		{"health_check_path", len(c.Health.Path)},
	}
}

// measured is the size of the variable in the body.
func (v Variable) measured() int {
	size := len(v.Name) + memberBytes
	if !v.Secret {
		size += len(v.Value)
	}
	if v.ShownOnce || v.Notes != (VariableNotes{}) {
		size += notesBytes + len(v.Notes.Comment)
	}
	return size
}

// measuredBody leaves out the values of secrets, which go into the vault.
func measuredBody(draft Deployable) []measured {
	body := BodyOf(draft)
	variables, scripts := 0, 0
	for _, v := range slices.Concat(body.Environment, body.Previews) {
		variables += v.measured()
	}
	for _, secret := range SecretsOf(draft) {
		variables += len(secret.Name) + digestTextBytes + elementBytes
	}
	for _, script := range body.InitScripts {
		scripts += len(script.Name) + len(script.Text) + memberBytes
	}
	configuration := "configuration"
	if db, is := draft.(*Database); is {
		configuration = db.ConfigurationField()
	}
	return []measured{
		{"environment", variables},
		{"docker_compose", len(body.Compose)},
		{"start", len(body.Shell.Start)},
		{"stop", len(body.Shell.Stop)},
		{"health", len(body.Shell.Health)},
		{"dockerfile", len(body.Dockerfile)},
		{"health_check_command", len(body.HealthCommand)},
		{"git_host_keys", len(body.HostKeys)},
		{configuration, len(body.Configuration)},
		{"init_scripts", scripts},
		{"ssl_certificate", len(body.Certificate)},
	}
}
