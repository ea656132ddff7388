package runner

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/secrets"
)

// readAndConceal reads the secrets from the vault and conceals them, even if only some
// could be read. No other function may read the vault. A NotFound is for the user.
func (a *attempt) readAndConceal(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server,
) (secrets.Sets, error) {
	reader := secrets.Reader{Store: a.ports.Store, Vault: a.ports.Vault}
	sets, err := reader.Read(ctx, resource, server,
		secrets.Needs{Repository: a.builds(), Registries: a.builds()})
	a.conceal(sets.ToMask(resource, server))
	return sets, err
}

// builds reports whether the operation may have to fetch a repository or pull images.
func (a *attempt) builds() bool {
	switch a.record.Operation {
	case deployment.Stop, deployment.Delete, deployment.Scrub:
		return false
	}
	return true
}
