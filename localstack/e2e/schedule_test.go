package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
	"waybill/localstack/client"
)

// scheduled is a schedule as the API answers it.
type scheduled struct {
	UUID     string
	NextRuns []time.Time `json:"next_runs"`
}

func (w *world) schedule(t *testing.T, app string, body words) scheduled {
	t.Helper()
	var made scheduled
	if err := w.api.Post(t.Context(), "/applications/"+app+"/schedules", body, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// run is a deployment with its trigger.
type run struct {
	client.Deployment
	CreatedAt time.Time `json:"created_at"`
	Trigger   struct{ Kind, Name string }
}

// due is the message of a schedule that is due.
func due(schedule, app string, at time.Time) string {
	return fmt.Sprintf(`{"source":"waybill.schedule","schedule_uuid":%q,"resource_uuid":%q,"due":%q}`,
		schedule, app, at.UTC().Format(time.RFC3339))
}

// ran waits until schedules have started n deployments of the application, and returns all of them.
func (w *world) ran(t *testing.T, app string, n int, limit time.Duration) []run {
	t.Helper()
	path := "/deployments/applications/" + app + "?take=100&trigger=schedule"
	var page struct{ Deployments []run }
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(time.Second) {
		w.get(t, path, &page)
		if len(page.Deployments) >= n {
			break
		}
	}
	if len(page.Deployments) < n {
		t.Fatalf("schedules started %d deployments of %s within %s, want %d", len(page.Deployments), app,
			limit, n)
	}
	return page.Deployments
}

// TestP11AScheduleStartsADeploymentForEachDueTime lets an emulator fire the schedules, if it does.
// Otherwise the test sends what EventBridge Scheduler would.
func TestP11AScheduleStartsADeploymentForEachDueTime(t *testing.T) {
	atOnce(t)
	w := stack(t)
	server := w.server(t)
	once, often := w.shell(t, server, "echo once"), w.shell(t, server, "echo often")
	now := time.Now().UTC().Truncate(time.Second)
	oneTime := w.schedule(t, once, words{"operation": "restart",
		"expression": "at(" + now.Add(5*time.Second).Format("2006-01-02T15:04:05") + ")"})
	rate := w.schedule(t, often, words{"expression": "rate(1 minute)"})
	if len(oneTime.NextRuns) != 1 || len(rate.NextRuns) != 3 {
		t.Errorf("next runs: %v and %v", oneTime.NextRuns, rate.NextRuns)
	}
	if emulated() != "ministack" {
		w.deliver(t, due(oneTime.UUID, once, oneTime.NextRuns[0]))
		for n, at := range rate.NextRuns[:2] {
			w.deliver(t, due(rate.UUID, often, at))
			// A run that comes while the one before waits is merged with it.
			w.await(t, w.ran(t, often, n+1, patience)[0].DeploymentUUID)
		}
	}
	started := w.ran(t, once, 1, patience)
	w.await(t, started[0].DeploymentUUID)
	if got := started[0]; got.Operation != "restart" || got.Trigger.Kind != "schedule" ||
		got.Trigger.Name != oneTime.UUID {
		t.Errorf("the deployment is %+v", got)
	}
	// Each run of a rate of one minute has a due time of its own.
	minutes := map[string]bool{}
	runs := w.ran(t, often, 2, 5*time.Minute)
	for _, one := range runs {
		minutes[one.CreatedAt.Format("15:04")] = true
		w.await(t, one.DeploymentUUID)
	}
	if emulated() == "ministack" && len(minutes) != len(runs) {
		t.Errorf("%d deployments were started in %d minutes", len(runs), len(minutes))
	}
	if got := w.ran(t, once, 1, patience); len(got) != 1 {
		t.Errorf("one due time started %d deployments", len(got))
	}
}

func TestP11ADueTimeStartsOneDeployment(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo nightly")
	nightly := w.schedule(t, app, words{"expression": "30 2 * * *", "timezone": "Europe/Berlin"})
	at := time.Now().UTC().Truncate(time.Minute)
	for range 3 {
		w.deliver(t, due(nightly.UUID, app, at))
	}
	w.await(t, w.ran(t, app, 1, patience)[0].DeploymentUUID)
	// A later due time shows that the repeats have been handled. Its operation is the present one.
	path := "/applications/" + app + "/schedules/" + nightly.UUID
	if err := w.api.Do(t.Context(), http.MethodPatch, path, words{"operation": "restart"}, nil); err != nil {
		t.Fatal(err)
	}
	w.deliver(t, due(nightly.UUID, app, at.Add(time.Minute)))
	runs := w.ran(t, app, 2, patience)
	w.await(t, runs[0].DeploymentUUID)
	if len(runs) != 2 || runs[0].Operation != "restart" {
		t.Errorf("two due times started %d deployments, the last one a %s", len(runs), runs[0].Operation)
	}
}

// TestASchedulesCopyGoesWithItsResource changes and deletes with the rights that the functions have.
func TestASchedulesCopyGoesWithItsResource(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo gone")
	made := w.schedule(t, app, words{"expression": "@daily"})
	clock := scheduler.NewFromConfig(w.cloud.Session().Config())
	copies := func() (names []string) {
		t.Helper()
		group := "waybill-e2e"
		prefix := made.UUID
		found, err := clock.ListSchedules(context.WithoutCancel(t.Context()),
			&scheduler.ListSchedulesInput{GroupName: &group, NamePrefix: &prefix})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range found.Schedules {
			names = append(names, *one.Name)
		}
		return names
	}
	path := "/applications/" + app + "/schedules/" + made.UUID
	for _, c := range []struct {
		body words
		want int
	}{{words{"enabled": false}, 0}, {words{"enabled": true}, 1}, {words{"expression": "@hourly"}, 1}} {
		if err := w.api.Do(t.Context(), http.MethodPatch, path, c.body, nil); err != nil {
			t.Fatal(err)
		}
		if got := copies(); len(got) != c.want {
			t.Errorf("after %v, the copies are %v, want %d", c.body, got, c.want)
		}
	}
	if err := w.api.Do(t.Context(), http.MethodDelete, "/applications/"+app, nil, nil); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); len(copies()) > 0; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("the copies %v are left", copies())
		}
	}
}

// TestAMissedRunIsNotified stores a schedule as it would be if its copy had not fired. The sweep
// finds that no event has come, with the rights that its function has.
func TestAMissedRunIsNotified(t *testing.T) {
	atOnce(t)
	w := stack(t)
	app := w.shell(t, w.server(t), "echo late")
	told := w.create(t, "/notifications", words{"kind": "webhook", "target": "https://hooks.example.invalid",
		"events": []string{"schedule-missed"}, "resources": []string{app}})
	due := time.Now().UTC().Truncate(time.Minute).Add(-15 * time.Minute)
	id, err := schedule.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	lost := schedule.Schedule{ID: id, Timezone: "UTC", Operation: deployment.Restart, Enabled: true,
		Expression: fmt.Sprintf("%d * * * *", due.Minute()), UpdatedAt: due.Add(-time.Hour)}
	store := dynamostore.NewSchedules(w.cloud.Session().DynamoDB(),
		dynamostore.Tables{Catalog: w.cloud.Outputs().CatalogTable})
	if err := store.Replace(t.Context(), schedule.Set{Resource: catalog.ID(app),
		Schedules: []schedule.Schedule{lost}}, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	var deliveries []struct{ Event string }
	for deadline := time.Now().Add(2 * time.Minute); len(deliveries) == 0; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatal("no sweep told of the missed run")
		}
		w.get(t, "/notifications/"+told+"/deliveries", &deliveries)
	}
	if got := deliveries[0].Event; got != "schedule-missed" {
		t.Errorf("the delivery is of %s", got)
	}
}
