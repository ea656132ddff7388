package trigger_test

import (
	"testing"

	"waybill/internal/deployment"
	"waybill/internal/trigger"
)

func TestP11ARequestOnTheBusStartsOneDeployment(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	body := w.requested("e1", fields{"team": team, "resource_uuid": service, "operation": "deploy",
		"options": fields{"pull_latest_images": true}})
	for range 3 {
		w.handle(t, body)
	}
	records := w.deployments(t, service)
	if len(records) != 1 {
		t.Fatalf("%d deployments, want 1 for an event that came three times", len(records))
	}
	record := records[0]
	if record.Operation != deployment.Deploy || !record.Options.PullLatestImages ||
		record.Trigger != (deployment.Trigger{Kind: deployment.TriggerBus, Name: "e1"}) {
		t.Errorf("the deployment is %+v", record)
	}
	w.wantOutcome(t, "bus/e1", service, trigger.Started)
	if len(w.letters.all) > 0 {
		t.Errorf("dead letters: %+v", w.letters.all)
	}
}

func TestARequestNamesResourcesByTagAndName(t *testing.T) {
	w := newWorld(t)
	one, other := w.service(t, 1), w.service(t, 2)
	app := w.image(t, 3)
	w.handle(t, w.requested("tag", fields{"team": team, "tag": "Prod", "operation": "restart"}))
	w.handle(t, w.requested("name", fields{"team": team, "name": "application 3", "operation": "deploy",
		"options": fields{"docker_tag": "v2"}}))
	if len(w.deployments(t, one)) != 1 || len(w.deployments(t, other)) != 1 {
		t.Error("not every resource with the tag was restarted once")
	}
	records := w.deployments(t, app)
	if len(records) != 1 || records[0].Options.DockerTag != "v2" {
		t.Errorf("the deployments by name are %+v", records)
	}
}

func TestARequestThatCanStartNothingIsADeadLetterThatNamesTheField(t *testing.T) {
	good := func(change func(fields)) fields {
		detail := fields{"team": team, "resource_uuid": "svc000000000000000000001", "operation": "deploy"}
		change(detail)
		return detail
	}
	for name, c := range map[string]struct {
		change      func(fields)
		field, text string
	}{
		"of another team": {func(d fields) { d["team"] = "bank" }, "detail.team", "must be shop"},
		"without a team":  {func(d fields) { delete(d, "team") }, "detail.team", "is required"},
		"delete": {func(d fields) { d["operation"] = "delete" },
			"detail.operation", "must be start"},
		"no operation": {func(d fields) { delete(d, "operation") }, "detail.operation", "is required"},
		"override_window": {func(d fields) { d["override_window"] = fields{} },
			"detail.override_window", "not known"},
		"forget": {func(d fields) { d["forget"] = true }, "detail.forget", "not known"},
		"of nothing": {func(d fields) { delete(d, "resource_uuid") },
			"detail.resource_uuid", "exactly one"},
		"of two": {func(d fields) { d["tag"] = "prod" }, "detail.resource_uuid", "exactly one"},
		"an unknown uuid": {func(d fields) { d["resource_uuid"] = "svc000000000000000000009" },
			"detail.resource_uuid", "exists"},
		"a server": {func(d fields) { d["resource_uuid"] = serverID },
			"detail.resource_uuid", "form"},
		"an unknown tag": {func(d fields) { delete(d, "resource_uuid"); d["tag"] = "none" },
			"detail.tag", "exists"},
		"an unknown name": {func(d fields) { delete(d, "resource_uuid"); d["name"] = "none" },
			"detail.name", "exists"},
		"an option": {func(d fields) { d["options"] = fields{"delete_volumes": true} },
			"detail.options.delete_volumes", "not known"},
		"a tag of a image": {func(d fields) { d["options"] = fields{"docker_tag": "v1"} },
			"detail.options.docker_tag", "run an image"},
		"a commit": {func(d fields) { d["options"] = fields{"commit": "0123456"} },
			"detail.options.commit", "git"},
		"an option's type": {func(d fields) { d["options"] = fields{"force": "yes"} },
			"detail.options.force", "boolean"},
		"a cause": {func(d fields) { d["caused_by"] = "x" }, "detail.caused_by", "uuid"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			service := w.service(t, 1)
			body := w.requested("bad", good(c.change))
			for range 2 {
				w.handle(t, body)
			}
			w.wantLetter(t, c.field, c.text)
			if len(w.letters.all) == 1 && w.letters.all[0].Body != body {
				t.Errorf("the letter has the body %q", w.letters.all[0].Body)
			}
			w.wantOutcome(t, "bus/bad", "", trigger.Dead)
			if records := w.deployments(t, service); len(records) > 0 {
				t.Errorf("it has started %+v", records)
			}
		})
	}
}

func TestAPoisonMessageIsADeadLetter(t *testing.T) {
	for _, body := range []string{"", "x", "[]", "null", "{}", `{"v":1}`, `{"v":2,"id":"bus/1"}`,
		`{"detail-type":"Deployment Requested"}`,
		`{"detail-type":"x","id":"1","time":"2026-11-30T18:00:00Z"}`,
		`{"v":1,"id":"bus/","source":"bus","time":"2026-11-30T18:00:00Z","request":{}}`,
		`{"v":1,"id":"bus/1","source":"bus","time":"2026-11-30T18:00:00Z","image":{}}`,
		`{"wake":"srv000000000000000000001"}`,
	} {
		w := newWorld(t)
		w.handle(t, body)
		if len(w.letters.all) != 1 || w.letters.all[0].Body != body || w.letters.all[0].Reason == "" ||
			w.letters.all[0].Field == "" {
			t.Errorf("the dead letters of %q are %+v", body, w.letters.all)
		}
	}
}
