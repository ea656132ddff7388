package listapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

// shownStatistics are statistics without durations.
type shownStatistics struct {
	Deployments       int
	DeploymentsPerDay float64 `json:"deployments_per_day"`
	Outcomes          map[string]int
	Reasons           map[string]int
	SuccessRate       *float64      `json:"success_rate"`
	ChangeFailureRate *float64      `json:"change_failure_rate"`
	TimeToRecover     shownDuration `json:"time_to_recover"`
	Queueing          shownDuration
}

type shownDuration struct {
	Count  int
	Median *float64 `json:"median_seconds"`
}

func statisticsOf(t *testing.T, w *resttest.World, r resttest.Request) shownStatistics {
	t.Helper()
	return resttest.Want[shownStatistics](t, w, http.StatusOK, r)
}

// ran notes a deployment of the resource that ended some minutes ago.
func ran(t *testing.T, w *resttest.World, resource, server string, minutes int,
	operation deployment.Operation, status deployment.Status, reason deployment.Reason) {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Microsecond).Add(-time.Duration(minutes) * time.Minute)
	if at.Day() != time.Now().UTC().Day() {
		t.Skip("a day has just begun")
	}
	id, err := deployment.NewID(catalog.ID(resource), at, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Memory.Ledger().Note(t.Context(), deployment.Record{ID: id, Status: status,
		Operation: operation, ServerID: catalog.ID(server), CreatedAt: at, QueuedAt: at,
		StartedAt: at.Add(2 * time.Second), FinishedAt: at.Add(12 * time.Second),
		Outcome: deployment.Outcome{Status: status, Reason: reason}}); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestStatistics(t *testing.T) {
	w := resttest.New(t)
	server, other := w.Server(t), w.Server(t)
	service, database := w.Service(t, server), w.Database(t, other)
	ran(t, w, service, server, 9, deployment.Start, deployment.Finished, "")
	ran(t, w, service, server, 8, deployment.Deploy, deployment.Failed, deployment.ReasonExit)
	ran(t, w, service, server, 7, deployment.Deploy, deployment.Failed, deployment.ReasonUnhealthy)
	ran(t, w, service, server, 6, deployment.Update, deployment.Finished, "")
	ran(t, w, service, server, 5, deployment.Deploy, deployment.Finished, "")
	ran(t, w, service, server, 4, deployment.Deploy, deployment.Cancelled, deployment.ReasonSuperseded)
	ran(t, w, service, server, 3, deployment.Stop, deployment.Finished, "")
	ran(t, w, database, other, 2, deployment.Start, deployment.Finished, "")
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateDatabase", PathUUID: database, Body: resttest.Object{"tags": []string{"green"}}})

	got := statisticsOf(t, w, resttest.Request{Operation: "serviceStatistics", PathUUID: service,
		Query: "?days=2"})
	recovered, queued := got.TimeToRecover, got.Queueing
	got.TimeToRecover, got.Queueing = shownDuration{}, shownDuration{}
	want := shownStatistics{Deployments: 6, DeploymentsPerDay: 3,
		Outcomes:    map[string]int{"finished": 3, "failed": 2, "cancelled-by-user": 1},
		Reasons:     map[string]int{"exit": 1, "unhealthy": 1, "superseded": 1},
		SuccessRate: new(0.6), ChangeFailureRate: new(0.5)}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("of the service (-got +want)\n%s", diff)
	}
	if recovered.Count != 1 || *recovered.Median < 180/1.1 || *recovered.Median > 180*1.1 {
		t.Errorf("time to recover = %+v, want about 180 s", recovered)
	}
	if *queued.Median < 2/1.1 || *queued.Median > 2*1.1 {
		t.Errorf("queueing = %+v, want about 2 s", queued)
	}
	limited := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(other)}}, access.Read)
	for name, c := range map[string]struct {
		request resttest.Request
		want    int
	}{
		"of the team":           {resttest.Request{Operation: "teamStatistics"}, 7},
		"of a tag":              {resttest.Request{Operation: "teamStatistics", Query: "?tag=green"}, 1},
		"of a limited token":    {resttest.Request{Operation: "teamStatistics", Token: limited}, 1},
		"of a server":           {resttest.Request{Operation: "serverStatistics", PathUUID: server}, 6},
		"of a database":         {resttest.Request{Operation: "databaseStatistics", PathUUID: database}, 1},
		"of an unknown tag":     {resttest.Request{Operation: "teamStatistics", Query: "?tag=x"}, 0},
		"of the longest period": {resttest.Request{Operation: "teamStatistics", Query: "?days=400"}, 7},
	} {
		if got := statisticsOf(t, w, c.request); got.Deployments != c.want {
			t.Errorf("%s: %d deployments, want %d", name, got.Deployments, c.want)
		}
	}
	none := statisticsOf(t, w, resttest.Request{Operation: "teamStatistics", Query: "?tag=x"})
	if none.SuccessRate != nil || none.ChangeFailureRate != nil || none.Queueing.Median != nil {
		t.Errorf("of nothing: %+v, want nulls", none)
	}
	for _, query := range []string{"?days=0", "?days=401", "?day=1"} {
		resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity,
			resttest.Request{Operation: "teamStatistics", Query: query})
	}
}
