package catalogapi

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// repeats maps the operations that take an Idempotency-Key to the answers to their
// repeats.
func (a catalogAPI) repeats() map[string]rest.Repeat {
	return map[string]rest.Repeat{
		"createServer": a.repeatCreation,
		"createKey":    a.repeatCreation, "createRegistry": a.repeatCreation,
		"createNotification":             a.repeatCreation,
		"testNotification":               repeatTest,
		"createToken":                    repeatToken,
		"createService":                  a.repeatCreation,
		"createShellApplication":         a.repeatCreation,
		"createImageApplication":         a.repeatCreation,
		"createDockerfileApplication":    a.repeatCreation,
		"createPublicApplication":        a.repeatCreation,
		"createKeyApplication":           a.repeatCreation,
		"createComposeApplication":       a.repeatCreation,
		"createDatabase":                 a.repeatCreation,
		"createServiceVariable":          a.repeatVariable(catalog.KindService),
		"createApplicationVariable":      a.repeatVariable(catalog.KindApplication),
		"createDatabaseVariable":         a.repeatVariable(catalog.KindDatabase),
		"addServiceTags":                 a.repeatTags,
		"addApplicationTags":             a.repeatTags,
		"addDatabaseTags":                a.repeatTags,
		"createServiceWebhookSecret":     a.repeatWebhookSecret,
		"createApplicationWebhookSecret": a.repeatWebhookSecret,
		"createDatabaseWebhookSecret":    a.repeatWebhookSecret,
		"deleteService":                  a.repeatDeletion,
		"deleteApplication":              a.repeatDeletion,
		"deleteDatabase":                 a.repeatDeletion,
		"createServiceSchedule":          a.repeatSchedule,
		"createApplicationSchedule":      a.repeatSchedule,
		"createDatabaseSchedule":         a.repeatSchedule,
	}
}

// created answers 201 with the body of the new entity.
func created(body any, id catalog.ID) rest.Answer {
	return rest.Answer{Status: http.StatusCreated, Body: body, Created: []string{string(id)}}
}

// repeatCreation answers with the entity as it is now, and with the deployment that the
// first request queued. It has no warnings.
func (a catalogAPI) repeatCreation(ctx context.Context, c *rest.Call, ids []string) (any, error) {
	entity, err := a.Store.Get(ctx, catalog.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	switch entity := entity.(type) {
	case *catalog.Server:
		return wire.FromServer(entity), nil
	case *catalog.PrivateKey:
		return wire.FromKey(entity), nil
	case *catalog.Registry:
		return wire.FromRegistry(entity), nil
	case *catalog.Notification:
		return a.shownNotification(ctx, entity)
	case catalog.Deployable:
		var change changeBody
		if len(ids) > 1 {
			uuid := wire.Nullable(ids[1])
			change.DeploymentUUID = &uuid
		}
		body, err := a.page(ctx, c, entity, nil)
		return wire.Merged{body, change}, err
	}
	return nil, fault.New(fault.Internal, "%s has no page", ids[0])
}

// createdBefore answers a creation if an earlier run of the request has created the
// entity. It queues the start of a resource if the request asks for it, unless the earlier
// run has done that, too. done is false if there is no such entity.
func (a catalogAPI) createdBefore(
	ctx context.Context, c *rest.Call, id catalog.ID, start bool,
) (reply rest.Answer, done bool, err error) {
	if !c.Rerun() {
		return rest.Answer{}, false, nil
	}
	entity, err := a.Store.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return rest.Answer{}, false, nil
	}
	if err != nil {
		return rest.Answer{}, false, err
	}
	ids := []string{string(id)}
	if resource, is := entity.(catalog.Deployable); is && start {
		var change changeBody
		if err := a.startNew(ctx, c, resource, &change); err != nil {
			return rest.Answer{}, false, err
		}
		if change.DeploymentUUID != nil {
			ids = append(ids, string(*change.DeploymentUUID))
		}
	}
	body, err := a.repeatCreation(ctx, c, ids)
	return rest.Answer{Status: http.StatusCreated, Body: body, Created: ids}, true, err
}
