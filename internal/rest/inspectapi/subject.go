package inspectapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/secrets"
)

// subject is a resource to ask its server about, with the secrets for it.
type subject struct {
	resource catalog.Deployable
	server   *catalog.Server
	secrets  secrets.Sets
	// matcher finds the secrets that the server's answer may repeat.
	matcher *redact.Matcher
}

// readSubject reads from Waybill's own stores, separately from the inspection: an
// outage of a store says nothing about the server.
func (a inspectAPI) readSubject(ctx context.Context, resource catalog.Deployable) (subject, error) {
	server, err := catalog.Find[*catalog.Server](ctx, a.Store, resource.Shared().ServerID)
	if err != nil {
		return subject{}, incomplete(err, resource)
	}
	reader := secrets.Reader{Store: a.Store, Vault: a.Vault}
	sets, err := reader.Read(ctx, resource, server, secrets.Needs{})
	if err != nil {
		return subject{}, incomplete(err, resource)
	}
	all, _ := sets.ToMask(resource, server)
	return subject{resource, server, sets, redact.NewMatcher(all)}, nil
}

// incomplete makes a NotFound Internal: the catalog never lacks a part of a resource.
func incomplete(err error, resource catalog.Deployable) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Internal, "a part of %s is missing", resource.Common().ID)
	}
	return err
}

// inSession calls ask in a session of the server. [catalog.ErrServer], with the reason and
// without secrets, if the server cannot be asked or ask returns Unavailable.
func (a inspectAPI) inSession(ctx context.Context, at subject, ask func() error) error {
	if at.server.HostKey == "" {
		return catalog.NewServerError(
			"The host key of server %s is not pinned. Validate the server first.", at.server.Name)
	}
	return catalog.InSession(ctx, a.Sessions, at.server.ID, a.opts.Now(), a.opts.Random, func() error {
		err := at.matcher.Error(ask())
		if errors.Is(err, fault.Unavailable) {
			return catalog.NewServerError("%s", fault.Public(err))
		}
		return err
	})
}
