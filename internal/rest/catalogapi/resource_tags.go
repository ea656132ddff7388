package catalogapi

import (
	"context"
	"encoding/json"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listResourceTags answers the tags of a resource as an array.
func (a catalogAPI) listResourceTags(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(tagsOf(resource)), nil
	}
}

// addResourceTags adds tags to a resource and answers all of its tags.
func (a catalogAPI) addResourceTags(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[struct {
			Name  string   `json:"tag_name"`
			Names []string `json:"tag_names"`
		}](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		added := given.Names
		if given.Name != "" {
			added = append(added, given.Name)
		}
		if len(added) == 0 {
			return rest.Answer{}, fault.InvalidField("tag_name", "is required; give tag_name or tag_names")
		}
		made, err := a.setTags(ctx, c, kind, func(tags []string) ([]string, error) {
			return append(tags, added...), nil
		})
		if err != nil {
			return rest.Answer{}, err
		}
		return created(tagsOf(made.draft), made.draft.Common().ID), nil
	}
}

// deleteResourceTag removes a tag from a resource.
func (a catalogAPI) deleteResourceTag(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		_, err := a.setTags(ctx, c, kind, func(tags []string) ([]string, error) {
			i := slices.Index(tags, c.Params["tag"])
			if i < 0 {
				return nil, rest.NewNotFoundError("Tag")
			}
			return slices.Delete(tags, i, i+1), nil
		})
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(deleted{"Tag removed.", c.Params["uuid"]}), nil
	}
}

// setTags changes the tags of the resource that the path names.
func (a catalogAPI) setTags(
	ctx context.Context, c *rest.Call, kind catalog.Kind, changed func([]string) ([]string, error),
) (madeChange, error) {
	return a.update(ctx, c, kind, func(r revision) (change, error) {
		tags, err := changed(slices.Clone(r.present.Shared().Labels.Tags))
		if err != nil {
			return change{}, err
		}
		patch, err := json.Marshal(map[string]any{"tags": append([]string{}, tags...)})
		if err != nil {
			return change{}, fault.Wrap(err, fault.Internal, "encode tags")
		}
		return readChange(patch, r.present, r.stored.Values)
	})
}

// repeatTags answers a repeat with the present tags of the resource.
func (a catalogAPI) repeatTags(ctx context.Context, _ *rest.Call, ids []string) (any, error) {
	resource, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, catalog.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	return tagsOf(resource), nil
}

// tagsOf never returns nil.
func tagsOf(resource catalog.Deployable) []tagBody {
	bodies := []tagBody{}
	for _, tag := range resource.Shared().Labels.Tags {
		bodies = append(bodies, tagBody{UUID: tag, Name: tag})
	}
	return bodies
}
