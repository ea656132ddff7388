package deployment_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// pages is a history of a page for each operation, newest first, whose deployments have finished.
type pages []deployment.Operation

func (p pages) List(_ context.Context, _ catalog.ID, page deployment.Page) (deployment.Listing, error) {
	if page.Filter.Status != deployment.Finished {
		return deployment.Listing{}, errors.New("asked for deployments that have not finished")
	}
	number, _ := strconv.Atoi(page.Cursor)
	if number >= len(p) {
		return deployment.Listing{}, fault.New(fault.Unavailable, "the history is away")
	}
	listing := deployment.Listing{Next: strconv.Itoa(number + 1)}
	if p[number] != "" {
		listing.Records = []deployment.Record{{ID: deployment.ID(listing.Next), Operation: p[number]}}
	}
	if number == len(p)-1 {
		listing.Next = ""
	}
	return listing, nil
}

func TestLastStart(t *testing.T) {
	for name, c := range map[string]struct {
		history pages
		want    deployment.ID
	}{
		"a start":                      {pages{deployment.Start}, "1"},
		"the newest of several":        {pages{deployment.Restart, deployment.Start}, "1"},
		"a deploy before a stop":       {pages{deployment.Stop, deployment.Deploy}, "2"},
		"one behind an empty page":     {pages{"", deployment.Start}, "2"},
		"none":                         {pages{deployment.Stop, deployment.Update}, ""},
		"none, however many there are": {append(make(pages, 10), deployment.Start), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, found, err := deployment.LastStart(t.Context(), c.history, "svc000000000000000000001")
			if err != nil || found != (c.want != "") || got.ID != c.want {
				t.Errorf("%q, %t, %v; want %q", got.ID, found, err, c.want)
			}
		})
	}
	if _, _, err := deployment.LastStart(t.Context(), pages{}, "svc000000000000000000001"); err == nil {
		t.Error("an outage is no error")
	}
}
