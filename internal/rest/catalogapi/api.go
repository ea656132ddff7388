// Package catalogapi has the endpoints of the catalog function: servers, keys,
// tokens, services, applications and databases.
package catalogapi

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/idempotency"
	"waybill/internal/openapi/schema"
	"waybill/internal/rest"
	"waybill/internal/schedule"
	"waybill/internal/snapshot"
	"waybill/internal/webhook"
	"waybill/internal/wire"
)

// Ports are the dependencies of the catalog function.
type Ports struct {
	Tokens    access.Tokens
	Audit     audit.Log
	Keys      idempotency.Store
	Store     catalog.Store
	Vault     catalog.Vault
	KeyReader catalog.KeyReader
	// Inspector connects to servers, in another function.
	Inspector catalog.Inspector
	Notify    NotifyPorts
	// WebhookKeys has the key that the secrets of webhooks are derived from.
	WebhookKeys webhook.Keys
	Ledger      deployment.Queue
	Snapshots   snapshot.Archive
	Schedules   schedule.Store
	// Clock fires the schedules.
	Clock schedule.Clock
	// Check refuses a resource that no recipe can run on the server: Invalid
	// with fields.
	Check func(context.Context, catalog.Deployable, *catalog.Server) error
	// Expand prepares a service whose compose file is a template: it sets Template, adds
	// the variables that the file needs, and says what the file uses. It returns nil for
	// plain compose. Invalid with fields.
	Expand func(catalog.TemplateInput) (*catalog.TemplateUse, error)
	// Warn returns warnings about a resource that passes Check.
	Warn func(context.Context, catalog.Deployable) []string
}

// New returns the handler of the catalog function. It fails as [rest.NewHandler]
// does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	a := ports.api(opts)
	return rest.NewHandler(rest.Function{
		Name: "catalog", Tokens: ports.Tokens, Store: ports.Store, Endpoints: a.endpoints(), Keys: ports.Keys,
		Repeats: a.repeats(), Bodies: schema.NewBodies(),
	}, opts)
}

// catalogAPI has the endpoints of the catalog function as methods.
type catalogAPI struct {
	Ports
	requests *deployment.Requests
	book     *schedule.Book
	opts     rest.Options
}

func (p Ports) api(opts rest.Options) catalogAPI {
	requests := deployment.NewRequests(p.Store, p.Ledger,
		deployment.RequestsOptions{Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots,
			Retention: opts.Retention})
	book := schedule.NewBook(p.Schedules, p.Clock, schedule.Options{Now: opts.Now, Random: opts.Random})
	return catalogAPI{p, requests, book, opts}
}

// endpoints maps the operations of openapi.yaml to their endpoints.
func (a catalogAPI) endpoints() map[string]rest.Endpoint {
	all := map[string]rest.Endpoint{}
	for _, some := range []map[string]rest.Endpoint{
		a.stackEndpoints(), a.serverEndpoints(), a.securityEndpoints(),
		a.notificationEndpoints(), a.resourceEndpoints(),
		a.ofKind("Application", catalog.KindApplication),
		a.ofKind("Service", catalog.KindService),
		a.ofKind("Database", catalog.KindDatabase),
	} {
		maps.Copy(all, some)
	}
	return all
}

// stackEndpoints are about the stack as a whole.
func (a catalogAPI) stackEndpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"health":             health,
		"unversionedHealth":  health,
		"version":            a.version,
		"listTeams":          a.listTeams,
		"getTeam":            a.getTeam,
		"getCurrentTeam":     a.getTeam,
		"getTeamWindows":     a.getTeamWindows,
		"updateTeamWindows":  a.updateTeamWindows,
		"getTeamByID":        a.getTeamByID,
		"listMembers":        a.listMembers,
		"listCurrentMembers": a.listMembers,
		"listMembersByID":    a.listMembers,
		"listTags":           a.listTags,
		"listProjects":       a.listProjects,
		"getProject":         a.getProject,
		"listEnvironments":   a.listEnvironments,
		"getEnvironment":     a.getEnvironment,
		"listDestinations":   listDestinations,
		"listResources":      a.listResources,
	}
}

func (a catalogAPI) serverEndpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"listServers":            a.listServers,
		"createServer":           a.createServer,
		"getServer":              a.getServer,
		"updateServer":           a.updateServer,
		"deleteServer":           a.deleteEndpoint(catalog.KindServer),
		"validateServer":         a.validateServer,
		"listServerResources":    a.listServerResources,
		"listServerDomains":      a.listNothingOfServer,
		"listServerDestinations": a.listNothingOfServer,
	}
}

func (a catalogAPI) securityEndpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"listKeys":       a.listKeys,
		"createKey":      a.createKey,
		"getKey":         a.getKey,
		"updateKey":      a.updateKey,
		"deleteKey":      a.deleteEndpoint(catalog.KindPrivateKey),
		"listRegistries": a.listRegistries,
		"createRegistry": a.createRegistry,
		"getRegistry":    a.getRegistry,
		"updateRegistry": a.updateRegistry,
		"deleteRegistry": a.deleteEndpoint(catalog.KindRegistry),
		"getToken":       a.getToken,
		"listTokens":     a.listTokens,
		"createToken":    a.createToken,
		"deleteToken":    a.deleteToken,
		"listAudit":      a.listAudit,
	}
}

func (a catalogAPI) resourceEndpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"listServiceApplications":     a.listServiceParts(false),
		"listServiceDatabases":        a.listServiceParts(true),
		"listServices":                a.listServices,
		"createService":               a.createEndpoint(wire.ServiceCodec()),
		"listApplications":            a.listApplications,
		"createShellApplication":      a.createEndpoint(wire.ApplicationCodec(catalog.PackShell)),
		"createImageApplication":      a.createEndpoint(wire.ApplicationCodec(catalog.PackImage)),
		"createDockerfileApplication": a.createDockerfileApplication,
		"createPublicApplication":     a.createGitApplication,
		"createKeyApplication":        a.createGitApplication,
		"createComposeApplication":    a.createEndpoint(wire.ApplicationCodec(catalog.PackCompose)),
		"listDatabases":               a.listDatabases,
		"createDatabase":              a.createDatabase,
	}
}

// ofKind has the operations that are the same for each kind of resource. name is the kind
// in the names of operations.
func (a catalogAPI) ofKind(name string, kind catalog.Kind) map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"get" + name:                  a.getEndpoint(kind),
		"update" + name:               a.updateEndpoint(kind),
		"delete" + name:               a.deleteResourceEndpoint(kind),
		"list" + name + "Tags":        a.listResourceTags(kind),
		"add" + name + "Tags":         a.addResourceTags(kind),
		"delete" + name + "Tag":       a.deleteResourceTag(kind),
		"list" + name + "Variables":   a.listVariables(kind),
		"create" + name + "Variable":  a.createVariable(kind),
		"update" + name + "Variable":  a.updateVariable(kind),
		"update" + name + "Variables": a.updateVariables(kind),
		"delete" + name + "Variable":  a.deleteVariable(kind),

		"create" + name + "WebhookSecret": a.createWebhookSecret(kind),
		"list" + name + "Schedules":       a.listSchedules(kind),
		"create" + name + "Schedule":      a.createSchedule(kind),
		"get" + name + "Schedule":         a.getSchedule(kind),
		"update" + name + "Schedule":      a.updateSchedule(kind),
		"delete" + name + "Schedule":      a.deleteSchedule(kind),
	}
}

// list answers every entity of a kind that the call covers and the query chooses as an
// array.
func list[T catalog.Entity, B any](
	ctx context.Context, c *rest.Call, store catalog.Reader, kind catalog.Kind, show func(T) B,
) (rest.Answer, error) {
	entities, err := catalog.All(ctx, store, kind)
	if err != nil {
		return rest.Answer{}, err
	}
	wanted := selected(c)
	bodies := make([]B, 0, len(entities))
	for _, entity := range entities {
		if entity, is := entity.(T); is && wanted(entity) {
			bodies = append(bodies, show(entity))
		}
	}
	return rest.OK(bodies), nil
}

// newMeta returns the metadata of a new entity. Without a name, it makes one of the kind and
// the id.
func (a catalogAPI) newMeta(
	c *rest.Call, kind catalog.Kind, name, description string,
) (catalog.Meta, error) {
	id, err := c.NewID(kind)
	now := a.opts.RecordTime()
	if name == "" && err == nil {
		name = string(kind) + "-" + string(id)[3:9]
	}
	return catalog.Meta{ID: id, Name: name, Description: description, CreatedAt: now, UpdatedAt: now}, err
}

// createWithSecrets stores the secrets of a new entity and then the entity, which names
// them. If the entity cannot be stored, its secrets are discarded.
func (a catalogAPI) createWithSecrets(
	ctx context.Context, c *rest.Call, entity catalog.Entity, secrets map[string]string,
) error {
	entry, err := c.Entry(audit.Create, entity.Common().Target())
	if err != nil {
		return err
	}
	if err := a.writeSecrets(ctx, entity.Common(), catalog.Secrets{Values: secrets}); err != nil {
		return err
	}
	err = a.Store.Create(ctx, entity, entry)
	if err == nil || errors.Is(err, fault.Conflict) { // with Conflict, an entity has the id already
		return err
	}
	// The entity may be stored in spite of the error, and ctx may be cancelled.
	failed := a.deleteAudited(context.WithoutCancel(ctx), c, audit.Delete, entity.Common())
	if failed != nil && !errors.Is(failed, fault.NotFound) {
		return errors.Join(err, failed)
	}
	return err
}

// deleted answers a deletion. A token has no uuid.
type deleted struct {
	Message string `json:"message"`
	UUID    string `json:"uuid,omitempty"`
}

// deleteEndpoint deletes entities of a kind that is not a resource.
func (a catalogAPI) deleteEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		if err := a.mayRemove(ctx, c.Token, id); err != nil {
			return rest.Answer{}, err
		}
		entity, err := a.Store.Head(ctx, id)
		if err == nil {
			err = a.deleteAudited(ctx, c, audit.Delete, entity.Common())
		}
		if err != nil {
			return rest.Answer{}, rest.WrapNotFound(err, kind.Title())
		}
		return rest.OK(deleted{kind.Title() + " deleted.", string(id)}), nil
	}
}
