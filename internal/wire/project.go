package wire

import (
	"hash/crc32"

	"waybill/internal/catalog"
)

// Project is a project on the wire. Its uuid is its name.
type Project struct {
	ID          int     `json:"id"`
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	// Environments are on its own page only.
	Environments []Environment `json:"environments,omitzero"`
}

// NewProject returns a project as lists show it.
func NewProject(uuid string) Project { return Project{ID: Number(uuid), UUID: uuid, Name: uuid} }

// Environment is an environment of a project on the wire. Its uuid is its name.
type Environment struct {
	ID          int     `json:"id"`
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	ProjectID   int     `json:"project_id"`
	ProjectUUID string  `json:"project_uuid"`
	Description *string `json:"description"`
	CreatedAt   *string `json:"created_at"`
	UpdatedAt   *string `json:"updated_at"`
}

// NewEnvironment returns an environment as lists show it.
func NewEnvironment(project, name string) Environment {
	return Environment{ID: Number(project + "/" + name), UUID: name, Name: name,
		ProjectID: Number(project), ProjectUUID: project}
}

// EnvironmentPage is an environment with its resources.
type EnvironmentPage struct {
	Environment
	Applications []Resource `json:"applications"`
	Services     []Resource `json:"services"`
	Databases    []Resource `json:"databases"`
}

// NewEnvironmentPage returns an environment with its resources.
func NewEnvironmentPage(project, name string, resources []catalog.Deployable) EnvironmentPage {
	page := EnvironmentPage{NewEnvironment(project, name), []Resource{}, []Resource{}, []Resource{}}
	for _, resource := range resources {
		place := &page.Databases
		switch resource.Common().ID.Kind() {
		case catalog.KindApplication:
			place = &page.Applications
		case catalog.KindService:
			place = &page.Services
		}
		*place = append(*place, FromResource(resource))
	}
	return page
}

// Number returns a number that stays the same for a text, for clients that decode one as an
// id. Different texts may have the same number, so nothing is found by it.
func Number(text string) int { return int(crc32.ChecksumIEEE([]byte(text))>>1) | 1 }
