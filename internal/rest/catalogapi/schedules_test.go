package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest/resttest"
	"waybill/internal/schedule"
	"waybill/internal/wire"
)

func scheduleRequest(verb, kind, resource, id string, body any) resttest.Request {
	return resttest.Request{Operation: verb + kind + "Schedule", PathUUID: resource, OtherUUID: id,
		Body: body}
}

func TestSchedulesOfEachKind(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, make := range w.Makers() {
		t.Run(kind, func(t *testing.T) {
			resource := make(t, server)
			made := resttest.Want[wire.Schedule](t, w, http.StatusCreated,
				scheduleRequest("create", kind, resource, "", resttest.Object{"expression": "30 2 * * 0"}))
			want := wire.Schedule{UUID: made.UUID, ResourceUUID: resource, Expression: "30 2 * * 0",
				Translated: "cron(30 2 ? * SUN *)", Timezone: "UTC", Operation: "deploy", Enabled: true,
				NextRuns: made.NextRuns, CreatedAt: made.CreatedAt, UpdatedAt: made.CreatedAt,
				Options: wire.ScheduleOptions{After: []catalog.ID{}}}
			if diff := cmp.Diff(want, made); diff != "" || !schedule.IsID(made.UUID) {
				t.Errorf("created: %s\n%s", made.UUID, diff)
			}
			if len(made.NextRuns) != 3 {
				t.Errorf("next runs: %v", made.NextRuns)
			}
			for _, text := range made.NextRuns {
				run, err := time.Parse(time.RFC3339, text)
				if err != nil || run.Weekday() != time.Sunday || run.Format("15:04") != "02:30" {
					t.Errorf("next run %s: %v", text, err)
				}
			}
			changed := resttest.Want[wire.Schedule](t, w, http.StatusOK,
				scheduleRequest("update", kind, resource, made.UUID, resttest.Object{
					"operation": "stop", "enabled": false, "options": resttest.Object{"force": true}}))
			if changed.Operation != "stop" || changed.Enabled || len(changed.NextRuns) != 0 ||
				!changed.Options.Force || changed.Expression != made.Expression {
				t.Errorf("changed: %+v", changed)
			}
			other := w.Service(t, server)
			after := resttest.Want[wire.Schedule](t, w, http.StatusOK,
				scheduleRequest("update", kind, resource, made.UUID, resttest.Object{"operation": "restart",
					"options": resttest.Object{"after": []string{other}}})).Options.After
			if len(after) != 1 || string(after[0]) != other {
				t.Errorf("after = %v, want %s", after, other)
			}
			changed = resttest.Want[wire.Schedule](t, w, http.StatusOK,
				scheduleRequest("update", kind, resource, made.UUID, resttest.Object{"operation": "start"}))
			got := resttest.Want[wire.Schedule](t, w, http.StatusOK,
				scheduleRequest("get", kind, resource, made.UUID, nil))
			list := resttest.Want[[]wire.Schedule](t, w, http.StatusOK,
				resttest.Request{Operation: "list" + kind + "Schedules", PathUUID: resource})
			if diff := cmp.Diff([]wire.Schedule{got}, list); diff != "" ||
				got.UpdatedAt != changed.UpdatedAt {
				t.Errorf("read again: %+v\n%s", got, diff)
			}
			resttest.Want[resttest.Object](t, w, http.StatusOK,
				scheduleRequest("delete", kind, resource, made.UUID, nil))
			for _, verb := range []string{"get", "delete"} {
				resttest.Want[resttest.Problem](t, w, http.StatusNotFound,
					scheduleRequest(verb, kind, resource, made.UUID, nil))
			}
		})
	}
}

func TestASchedulesErrorsNameTheField(t *testing.T) {
	w := resttest.New(t)
	service := w.Service(t, w.Server(t))
	made := w.Schedule(t, "Service", service, resttest.Object{"expression": "@daily"})
	for name, c := range map[string]struct {
		body  resttest.Object
		field string
		says  string
	}{
		"minute": {resttest.Object{"expression": "61 * * * *"}, "expression", "numbers from 0 to 59"},
		"both":   {resttest.Object{"expression": "0 3 1 * 1"}, "expression", "make a schedule for each"},
		"past": {resttest.Object{"expression": "at(2020-01-01T00:00:00)"}, "expression",
			"no run in the future"},
		"zone": {resttest.Object{"expression": "@daily", "timezone": "Berlin"}, "timezone",
			"Europe/Berlin"},
		"delete": {resttest.Object{"expression": "@daily", "operation": "delete"}, "operation",
			"restart"},
		"flexible": {resttest.Object{"expression": "@daily", "flexible_minutes": 1441},
			"flexible_minutes", "1440"},
		"tag": {resttest.Object{"expression": "@daily", "options": resttest.Object{"docker_tag": "1.4"}},
			"options.docker_tag", "dockerimage"},
		"after": {resttest.Object{"expression": "@daily", "options": resttest.Object{"after": []string{"x"}}},
			"options.after.0", "uuid of an application"},
		"commit": {resttest.Object{"expression": "@daily", "options": resttest.Object{"commit": "c0ffee0"}},
			"options.commit", "git repository"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []resttest.Request{
				scheduleRequest("create", "Service", service, "", c.body),
				scheduleRequest("update", "Service", service, made, c.body),
			} {
				got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, r)
				if said := strings.Join(got.Errors[c.field], " "); !strings.Contains(said, c.says) {
					t.Errorf("%s: %v, want %s: …%s…", r.Operation, got.Errors, c.field, c.says)
				}
			}
		})
	}
	t.Run("the service that fires may refuse, too", func(t *testing.T) {
		w.Memory.Clock().Refuse = func(schedule.Copy) error {
			return fault.InvalidField("expression", "was refused by EventBridge Scheduler")
		}
		defer func() { w.Memory.Clock().Refuse = nil }()
		got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity,
			scheduleRequest("create", "Service", service, "", resttest.Object{"expression": "0 3 * * *"}))
		if len(got.Errors["expression"]) != 1 {
			t.Errorf("errors = %v", got.Errors)
		}
	})
	if copies := w.Memory.Clock().Copies(); len(copies) != 1 {
		t.Errorf("copies = %v", copies)
	}
}

func TestWhoMayChangeSchedules(t *testing.T) {
	w := resttest.New(t)
	service := w.Service(t, w.Server(t))
	made := w.Schedule(t, "Service", service, resttest.Object{"expression": "@daily"})
	for ability, may := range map[access.Ability]map[string]bool{
		access.Deploy: {}, access.Read: {"list": true, "get": true},
		access.Write: {"create": true, "update": true, "delete": true},
	} {
		token := w.Mint(t, ability)
		for verb, body := range map[string]any{"list": nil, "get": nil,
			"create": resttest.Object{"expression": "@daily"}, "update": resttest.Object{"enabled": false},
			"delete": nil} {
			r := scheduleRequest(verb, "Service", service, made, body)
			if verb == "list" {
				r.Operation = "listServiceSchedules"
			}
			if verb == "delete" && may[verb] {
				r.OtherUUID = w.Schedule(t, "Service", service, resttest.Object{"expression": "@daily"})
			}
			r.Token = token
			if got := w.Ask(t, r).Status; (got < 300) != may[verb] ||
				!may[verb] && got != http.StatusForbidden {
				t.Errorf("%s with %s answers %d", verb, ability, got)
			}
		}
	}
}

func TestASchedulesIDIsOfItsResource(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	one, other := w.Service(t, server), w.Service(t, server)
	made := w.Schedule(t, "Service", one, resttest.Object{"expression": "@daily"})
	for _, verb := range []string{"get", "delete", "update"} {
		var body any
		if verb == "update" {
			body = resttest.Object{"enabled": false}
		}
		resttest.Want[resttest.Problem](t, w, http.StatusNotFound,
			scheduleRequest(verb, "Service", other, made, body))
		resttest.Want[resttest.Problem](t, w, http.StatusNotFound,
			scheduleRequest(verb, "Application", one, made, body))
	}
}

func TestThereIsALimitOfSchedules(t *testing.T) {
	w := resttest.New(t)
	service := w.Service(t, w.Server(t))
	create := scheduleRequest("create", "Service", service, "", resttest.Object{"expression": "@daily"})
	for range schedule.MaxPerResource {
		resttest.Want[wire.Schedule](t, w, http.StatusCreated, create)
	}
	got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, create)
	if !strings.Contains(got.Message, "20 schedules") {
		t.Errorf("message = %q", got.Message)
	}
}

// TestSchedulesGoWithTheirResource deletes a resource in each way. Copies that could not be removed go
// with the next repair, and until then their messages find no definition.
func TestSchedulesGoWithTheirResource(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for name, remove := range map[string]func(t *testing.T, service string){
		"forget": func(t *testing.T, service string) {
			resttest.Want[resttest.Object](t, w, http.StatusOK,
				resttest.Request{Operation: "deleteService", PathUUID: service, Query: "?forget=true"})
		},
		"by a deployment": func(t *testing.T, service string) {
			store := schedule.Catalog{Store: w.Memory.Catalog(), Schedules: w.Memory.Schedules(),
				Clock: w.Memory.Clock()}
			if err := store.Delete(t.Context(), catalog.ID(service), audit.Entry{}); err != nil {
				t.Fatal(err)
			}
		},
		"and the copies are left": func(t *testing.T, service string) {
			if err := w.Memory.Catalog().Delete(t.Context(), catalog.ID(service), audit.Entry{}); err != nil {
				t.Fatal(err)
			}
			keeper := schedule.NewKeeper(schedule.Catalog{Schedules: w.Memory.Schedules(),
				Clock: w.Memory.Clock()}, schedule.KeeperOptions{})
			if err := keeper.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			service := w.Service(t, server)
			w.Schedule(t, "Service", service, resttest.Object{"expression": "@daily"})
			remove(t, service)
			set, err := w.Memory.Schedules().Of(t.Context(), catalog.ID(service))
			if err != nil || len(set.Schedules) != 0 {
				t.Errorf("definitions: %v, %v", set, err)
			}
			if copies := w.Memory.Clock().Copies(); len(copies) != 0 {
				t.Errorf("copies: %v", copies)
			}
		})
	}
}

func TestTheAuditOfSchedules(t *testing.T) {
	w := resttest.New(t)
	service := w.Service(t, w.Server(t))
	made := w.Schedule(t, "Service", service, resttest.Object{"expression": "@daily"})
	for _, body := range []resttest.Object{{}, {"enabled": true, "expression": "@daily"},
		{"enabled": false, "options": resttest.Object{"force": true}}} {
		resttest.Want[wire.Schedule](t, w, http.StatusOK,
			scheduleRequest("update", "Service", service, made, body))
	}
	resttest.Want[resttest.Object](t, w, http.StatusOK,
		scheduleRequest("delete", "Service", service, made, nil))
	now := time.Now().Add(time.Second)
	page, err := audit.List(t.Context(), w.Memory.Audit(), audit.Query{Since: now.Add(-time.Hour), Until: now,
		Target: made, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	type change struct {
		Action audit.Action
		Fields string
	}
	var got []change
	for _, entry := range page.Entries {
		if entry.Target.Kind != audit.KindSchedule || entry.Target.Name != "@daily" {
			t.Errorf("target = %+v", entry.Target)
		}
		got = append(got, change{entry.Action, strings.Join(entry.Fields, ",")})
	}
	want := []change{{audit.Delete, ""}, {audit.Update, "enabled,options"}, {audit.Create, ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
