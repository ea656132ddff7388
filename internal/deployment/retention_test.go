package deployment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/deployment"
)

func TestKeepLast(t *testing.T) {
	list := func(entries ...string) []deployment.FinishedID {
		var all []deployment.FinishedID
		for _, entry := range entries {
			all = append(all, deployment.FinishedID{ID: deployment.ID(entry), Starts: entry[0] == 's'})
		}
		return all
	}
	for _, c := range []struct {
		name     string
		finished []deployment.FinishedID
		kept     []deployment.FinishedID
		dated    []deployment.ID
	}{
		{name: "nothing"},
		{name: "one", finished: list("u1"), kept: list("u1")},
		{name: "two starts", finished: list("s1", "s2"), kept: list("s2"), dated: []deployment.ID{"s1"}},
		{name: "a start and an update", finished: list("s1", "u2"), kept: list("s1", "u2")},
		{name: "an update and a start", finished: list("u1", "s2"), kept: list("s2"),
			dated: []deployment.ID{"u1"}},
		{name: "many", finished: list("s1", "u2", "s3", "u4", "u5"), kept: list("s3", "u5"),
			dated: []deployment.ID{"u4", "u2", "s1"}},
		{name: "one that is kept is there twice", finished: list("s2", "u1", "s2"), kept: list("s2"),
			dated: []deployment.ID{"u1"}},
		{name: "another one is there twice", finished: list("s1", "s1", "s2"), kept: list("s2"),
			dated: []deployment.ID{"s1"}},
	} {
		kept, dated := deployment.KeepLast(c.finished)
		if diff := cmp.Diff(kept, c.kept, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: kept (-got +want)\n%s", c.name, diff)
		}
		if diff := cmp.Diff(dated, c.dated, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: dated (-got +want)\n%s", c.name, diff)
		}
	}
}
