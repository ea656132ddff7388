package wire

import (
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/composefile"
	"waybill/internal/engine"
)

// ServicePart is a container of a service as existing clients read it. Waybill stores one
// status for the whole service, which each part has.
type ServicePart struct {
	ID          int     `json:"id"`
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	HumanName   *string `json:"human_name"`
	Description *string `json:"description"`
	FQDN        *string `json:"fqdn"`
	Status      string  `json:"status"`
	// Image needs the ability to read sensitive data, as the compose file does.
	Image *string `json:"image,omitempty"`
	// Type is on databases only.
	Type      string `json:"type,omitempty"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// ServiceParts returns the containers of a service that are applications, or the ones that
// are databases.
func ServiceParts(s *catalog.Service, databases, sensitive bool) []ServicePart {
	parts := []ServicePart{}
	for _, one := range composefile.Services(s.Compose) {
		engine := engineOfImage(one.Image)
		if databases != (engine != "") {
			continue
		}
		part := ServicePart{
			ID: Number(string(s.ID) + "/" + one.Name), UUID: string(s.ID) + "-" + one.Name, Name: one.Name,
			Status: StatusOf(s.State), CreatedAt: Timestamp(s.CreatedAt), UpdatedAt: Timestamp(s.UpdatedAt),
		}
		if engine != "" {
			part.Type = databaseType(engine)
		}
		if sensitive {
			part.Image = TextOrNull(one.Image)
		}
		parts = append(parts, part)
	}
	return parts
}

// engineOfImage returns the engine whose image this is, by the last part of its name, or "".
func engineOfImage(image string) string {
	for _, one := range engine.All() {
		if imageName(image) == imageName(one.Image) {
			return one.Name
		}
	}
	return ""
}

// imageName returns the last part of an image's name, without its tag and its digest.
func imageName(image string) string {
	name, _, _ := strings.Cut(image, "@")
	name = name[strings.LastIndex(name, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}
