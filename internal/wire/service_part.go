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

// maxParts bounds the containers in an answer. A compose file of the largest size may have
// more than an answer can hold.
const maxParts = 1000

// ServiceParts returns the containers of a service: the ones that are applications, and the
// ones that are databases, together at most [maxParts]. A service without its body has none.
func ServiceParts(s *catalog.Service, sensitive bool) (applications, databases []ServicePart) {
	applications, databases = []ServicePart{}, []ServicePart{}
	all := composefile.Services(s.Compose)
	for _, one := range all[:min(len(all), maxParts)] {
		part := ServicePart{
			ID: Number(string(s.ID) + "/" + one.Name), UUID: string(s.ID) + "-" + one.Name, Name: one.Name,
			Status: StatusOf(s.State), CreatedAt: Timestamp(s.CreatedAt), UpdatedAt: Timestamp(s.UpdatedAt),
		}
		if sensitive {
			part.Image = TextOrNull(one.Image)
		}
		if engine := engineOfImage(one.Image); engine != "" {
			part.Type = databaseType(engine)
			databases = append(databases, part)
		} else {
			applications = append(applications, part)
		}
	}
	return applications, databases
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
