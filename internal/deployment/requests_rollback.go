package deployment

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Rollback queues a deployment with the configuration, the commit and the tag of an
// earlier one of the same resource, and with the current secrets. It uses the id,
// the caller and the trigger of the request.
//
// NotFound if the resource is gone. Gone if the configuration has been deleted. Conflict
// if the record has none, if it names a secret that the resource no longer has, or, for
// a database, if more than its environment and its limits would change. All other errors
// are from [Requests.Request].
func (r *Requests) Rollback(ctx context.Context, to Record, request Request) (Receipt, error) {
	resource, err := catalog.Find[catalog.Deployable](ctx, r.store, to.ID.Resource())
	if err != nil {
		return Receipt{}, err
	}
	old, err := r.loadSnapshot(ctx, to)
	if err != nil {
		return Receipt{}, err
	}
	if err := checkRollback(old, resource); err != nil {
		return Receipt{}, err
	}
	request.Resource, request.Operation = to.ID.Resource(), Start
	if to.ID.Kind() == catalog.KindApplication {
		request.Operation = Deploy
	}
	request.Options = Options{
		Configuration: to.ConfigurationHash,
		DockerTag:     to.Options.DockerTag,
		Commit:        to.Outcome.Source.Commit,
	}
	return r.Request(ctx, request)
}

// loadSnapshot returns the configuration of the deployment.
func (r *Requests) loadSnapshot(ctx context.Context, record Record) (snapshot.Snapshot, error) {
	if record.ConfigurationHash == "" || r.opts.Snapshots == nil {
		return nil, fault.New(fault.Conflict, "Deployment %s has no configuration on record.", record.ID)
	}
	return Configuration(ctx, r.opts.Snapshots, record)
}

// Configuration returns the configuration of a deployment. NotFound if the record has
// none, Gone if it has been deleted.
func Configuration(ctx context.Context, archive snapshot.Reader, record Record) (snapshot.Snapshot, error) {
	if record.ConfigurationHash == "" {
		return nil, fault.New(fault.NotFound, "Configuration not found.")
	}
	kept, err := archive.Get(ctx, record.ID.Resource(), record.ConfigurationHash)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Gone, "The configuration of this deployment is no longer kept.")
	}
	return kept, err
}

// checkRollback refuses a rollback that would not restore the earlier resource.
func checkRollback(old snapshot.Snapshot, resource catalog.Deployable) error {
	gone, err := old.Missing(secretsOf(resource))
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		return fault.New(fault.Conflict,
			"That configuration needs secrets that are gone: %s. Set them first.", strings.Join(gone, ", "))
	}
	if resource.Common().ID.Kind() != catalog.KindDatabase {
		return nil
	}
	present, err := snapshot.Of(resource)
	if err != nil {
		return err
	}
	changes, err := snapshot.Compare(old, present)
	if err != nil {
		return err
	}
	var bound []string
	for _, change := range changes {
		if !change.EnvironmentOrLimit() {
			bound = append(bound, change.Path)
		}
	}
	if len(bound) > 0 {
		return fault.New(fault.Conflict, "A database cannot be rolled back unless only its environment or "+
			"its limits differ: "+
			"its data would not go back with it. Here these differ too: %s.", strings.Join(bound, ", "))
	}
	return nil
}

// secretsOf returns the names of the resource's secrets, without values.
func secretsOf(resource catalog.Deployable) map[string]string {
	names := map[string]string{}
	for _, secret := range catalog.SecretsOf(resource) {
		names[secret.Name] = ""
	}
	return names
}
