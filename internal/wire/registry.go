package wire

import (
	"cmp"

	"waybill/internal/catalog"
)

// Registry is a login of an image registry on the wire. No answer has its password.
type Registry struct {
	UUID          string   `json:"uuid"`
	Name          string   `json:"name"`
	Description   *string  `json:"description"`
	URL           string   `json:"url"`
	User          string   `json:"user"`
	ServerUUIDs   []string `json:"server_uuids"`
	ResourceUUIDs []string `json:"resource_uuids"`
	CreatedAt     string   `json:"created_at"`
	UpdatedAt     string   `json:"updated_at"`
}

// FromRegistry returns a registry without its password.
func FromRegistry(r *catalog.Registry) Registry {
	return Registry{
		UUID:          string(r.ID),
		Name:          r.Name,
		Description:   TextOrNull(r.Description),
		URL:           r.Host,
		User:          r.User,
		ServerUUIDs:   textsOf(r.ServerIDs),
		ResourceUUIDs: textsOf(r.ResourceIDs),
		CreatedAt:     Timestamp(r.CreatedAt),
		UpdatedAt:     Timestamp(r.UpdatedAt),
	}
}

// RegistryInput creates or changes a registry. A nil field stays as it is.
type RegistryInput struct {
	Name          *string   `json:"name"`
	Description   *string   `json:"description"`
	URL           *string   `json:"url"`
	User          *string   `json:"user"`
	Password      *string   `json:"password"`
	ServerUUIDs   *[]string `json:"server_uuids"`
	ResourceUUIDs *[]string `json:"resource_uuids"`
}

// ApplyTo returns the registry with the fields of the input.
func (n RegistryInput) ApplyTo(r catalog.Registry) *catalog.Registry {
	r.Description = setOr(n.Description, r.Description)
	if n.URL != nil {
		r.Host = catalog.RegistryHost(*n.URL)
	}
	r.Name = cmp.Or(setOr(n.Name, r.Name), r.Host, string(catalog.KindRegistry))
	r.User = setOr(n.User, r.User)
	if n.ServerUUIDs != nil {
		r.ServerIDs = idsOf(*n.ServerUUIDs)
	}
	if n.ResourceUUIDs != nil {
		r.ResourceIDs = idsOf(*n.ResourceUUIDs)
	}
	return &r
}

func textsOf(ids []catalog.ID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}

func idsOf(texts []string) []catalog.ID {
	ids := make([]catalog.ID, len(texts))
	for i, text := range texts {
		ids[i] = catalog.ID(text)
	}
	return ids
}
