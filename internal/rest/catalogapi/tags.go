package catalogapi

import (
	"context"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/rest"
)

// tagBody is a tag. Its uuid is its name, and it has no times. Resources is only in the list
// of all tags.
type tagBody struct {
	UUID      string  `json:"uuid"`
	Name      string  `json:"name"`
	Resources int     `json:"resources_count,omitempty"`
	CreatedAt *string `json:"created_at"`
	UpdatedAt *string `json:"updated_at"`
}

// listTags answers the tags of all resources that the call covers as an array.
func (a catalogAPI) listTags(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	covered := func(resource catalog.Deployable) bool { return c.Covers(resource) }
	resources, err := catalog.Resources(ctx, a.Store, covered)
	if err != nil {
		return rest.Answer{}, err
	}
	counts := map[string]int{}
	for _, resource := range resources {
		for _, tag := range resource.Shared().Labels.Tags {
			counts[tag]++
		}
	}
	bodies := make([]tagBody, 0, len(counts))
	for _, tag := range slices.Sorted(maps.Keys(counts)) {
		bodies = append(bodies, tagBody{UUID: tag, Name: tag, Resources: counts[tag]})
	}
	return rest.OK(bodies), nil
}
