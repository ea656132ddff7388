package deployapi

import (
	"context"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// maxRollbackPages limits the pages of history that a rollback looks through.
const maxRollbackPages = 10

// rollbackApplication queues a deployment with the configuration of the newest deployment of
// a commit that finished.
func (a deployAPI) rollbackApplication(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[struct {
		Commit string `json:"commit"`
	}](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	application, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"],
		catalog.KindApplication)
	if err != nil {
		return rest.Answer{}, err
	}
	to, err := a.findCommit(ctx, application.Common().ID, given.Commit)
	if err != nil {
		return rest.Answer{}, err
	}
	return a.rollbackTo(ctx, c, to)
}

// findCommit returns the newest deployment of the commit, or of the tag of an image, that
// finished. Invalid without one.
func (a deployAPI) findCommit(ctx context.Context, id catalog.ID, commit string) (deployment.Record, error) {
	page := deployment.Page{Take: deployment.MaxTake}
	for range maxRollbackPages {
		listing, err := a.History.List(ctx, id, page)
		if err != nil {
			return deployment.Record{}, err
		}
		for _, record := range listing.Records {
			if record.Status == deployment.Finished && isOf(record, commit) {
				return record, nil
			}
		}
		if page.Cursor = listing.Next; page.Cursor == "" {
			break
		}
	}
	return deployment.Record{}, fault.InvalidField("commit",
		"must be the commit, or the tag of an image, of a deployment of this application that finished")
}

// isOf reports whether the deployment built the commit, which may be shortened, or ran the
// tag.
func isOf(record deployment.Record, commit string) bool {
	return strings.HasPrefix(record.Outcome.Source.Commit, commit) || record.Options.DockerTag == commit
}
