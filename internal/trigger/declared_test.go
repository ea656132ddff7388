package trigger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/trigger"
)

// digest is the digest of the nth image.
func digest(n int) string { return "sha256:" + fmt.Sprintf("%064x", n) }

// pushed is an event of ECR, as the documentation of AWS shows it.
func (w *world) pushed(id, repository, tag string, n int) string {
	return envelope(id, "ECR Image Action", "aws.ecr", w.now(), fields{"result": "SUCCESS",
		"repository-name": repository, "image-digest": digest(n), "action-type": "PUSH", "image-tag": tag,
		"artifact-media-type": "application/vnd.docker.container.image.v1+json"})
}

func webImages(tag string) catalog.TriggerRule {
	return catalog.TriggerRule{Kind: catalog.TriggerImage, Repository: "team/web", Tag: tag}
}

func TestP11APushedImageIsDeployedOnceAndStays(t *testing.T) {
	w := newWorld(t)
	app := w.image(t, 1, webImages("v*"))
	body := w.pushed("e1", "team/web", "v1.1.0", 1)
	for range 3 {
		w.handle(t, body)
	}
	records := w.deployments(t, app)
	if len(records) != 1 {
		t.Fatalf("%d deployments, want 1", len(records))
	}
	want := deployment.Options{DockerTag: "v1.1.0", ImageDigest: digest(1)}
	if records[0].Options != want || records[0].Operation != deployment.Deploy ||
		records[0].Trigger != (deployment.Trigger{Kind: deployment.TriggerImage, Name: "team/web:v1.1.0"}) {
		t.Errorf("the deployment is %+v", records[0])
	}
	stored, err := catalog.Find[*catalog.Application](t.Context(), w.Catalog(), app)
	if err != nil || stored.Image.Tag != "v1.1.0" {
		t.Errorf("the tag of the application is %q, want the pushed one; %v", stored.Image.Tag, err)
	}
	page, err := audit.List(t.Context(), w.Audit(), audit.Query{Since: w.now().Add(-time.Hour),
		Until: w.now().Add(time.Hour), Limit: 10})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Actor.Name != "image team/web:v1.1.0" ||
		!slices.Equal(page.Entries[0].Fields, []string{"docker_registry_image_tag"}) {
		t.Errorf("the audit has %+v; %v", page.Entries, err)
	}
}

func TestWhichImagesCount(t *testing.T) {
	for _, c := range []struct {
		rule, repository, tag string
		counts                bool
	}{
		{"v1", "team/web", "v1", true},
		{"v1", "team/web", "v1.0", false},
		{"v1", "team/website", "v1", false},
		{"v*", "team/web", "v2.0.0", true},
		{"v*", "team/web", "latest", false},
		{"release-[0-9]", "team/web", "release-7", true},
		{"^1.2", "team/web", "1.9.4", true},
		{"^1.2", "team/web", "v1.9.4", true},
		{"^1.2", "team/web", "1.1.9", false},
		{"^1.2", "team/web", "2.0.0", false},
		{"^1.2", "team/web", "1.9.4-rc.1", false},
		{"^1.2", "team/web", "1.9", false},
		{">=2 <3", "team/web", "2.9.0", true},
		{"~1.4.1", "team/web", "1.5.0", false},
		{"*", "team/web", "", false},
	} {
		w := newWorld(t)
		app := w.image(t, 1, webImages(c.rule))
		w.handle(t, w.pushed("e1", c.repository, c.tag, 1))
		if got := len(w.deployments(t, app)); got != map[bool]int{true: 1}[c.counts] {
			t.Errorf("%s of %s:%s starts %d deployments, want it to count: %t", c.rule, c.repository, c.tag,
				got, c.counts)
		}
		if len(w.letters.all) > 0 {
			t.Errorf("%s:%s is a dead letter: %+v", c.repository, c.tag, w.letters.all)
		}
		if recent, err := w.store.Recent(t.Context(), 10); err != nil || (len(recent) == 1) != c.counts {
			t.Errorf("%s:%s is stored %d times; %v", c.repository, c.tag, len(recent), err)
		}
	}
}

func TestAServiceCountsTheTagsOfItsComposeFile(t *testing.T) {
	for image, counts := range map[string]bool{
		"team/web:1.4":                                true,
		"registry.example.org:5000/team/web:1.4":      true,
		"team/web:1.5":                                false,
		"team/web":                                    false,
		"team/website:1.4":                            false,
		"team/web:${TAG}":                             true,
		"team/web:$TAG":                               true,
		"team/web:${NONE:-1.4}":                       true,
		"team/web:${NONE}":                            false,
		"team/web:${SECRET:-1.4}":                     false,
		"team/web:${EMPTY:-1.4}":                      true,
		"team/web:${EMPTY-1.4}":                       false,
		"team/web:1.4@" + digest(7):                   false,
		"team/${NAME}:1.4":                            true,
		"${IMAGE:-registry.example.org/team/web:1.4}": true,
	} {
		w := newWorld(t)
		id := catalog.ID("svc000000000000000000001")
		w.add(t, &catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: id}, ServerID: serverID,
			Triggers: []catalog.TriggerRule{webImages("*")},
			Environment: []catalog.Variable{{Name: "TAG", Value: "1.4"}, {Name: "NAME", Value: "web"},
				{Name: "EMPTY"}, {Name: "SECRET", Secret: true}}},
			Compose: "services:\n  db: {image: postgres}\n  web:\n    image: " + image + "\n"})
		w.handle(t, w.pushed("e1", "team/web", "1.4", 1))
		records := w.deployments(t, id)
		if (len(records) == 1) != counts {
			t.Errorf("%s: %d deployments, want it to count: %t", image, len(records), counts)
		}
		if counts && len(records) == 1 && (records[0].Options.DockerTag != "1.4" ||
			records[0].Options.ImageDigest != digest(1)) {
			t.Errorf("the record has the options %+v", records[0].Options)
		}
	}
}

func TestAnImageThatIsThereIsUnchanged(t *testing.T) {
	w := newWorld(t)
	app := w.image(t, 1, webImages("*"))
	push := func(id string, n int, want trigger.Outcome) {
		t.Helper()
		w.pass(time.Minute)
		w.handle(t, w.pushed(id, "team/web", "latest", n))
		w.wantOutcome(t, "image/"+id, app, want)
	}
	push("first", 1, trigger.Started)
	push("queued already", 1, trigger.Unchanged)
	w.run(t, deployment.Finished)
	push("the same again", 1, trigger.Unchanged)
	push("latest is another", 2, trigger.Started)
	w.run(t, deployment.Failed)
	push("after it failed", 2, trigger.Started)
	w.run(t, deployment.Finished)
	w.request(t, app, deployment.Restart, deployment.Options{})
	push("after a restart", 2, trigger.Unchanged)
	w.run(t, deployment.Finished)
	w.request(t, app, deployment.Stop, deployment.Options{})
	w.run(t, deployment.Finished)
	push("after a stop", 2, trigger.Started)
	w.run(t, deployment.Finished)
	w.request(t, app, deployment.Deploy, deployment.Options{DockerTag: "v9"})
	w.run(t, deployment.Finished)
	push("after another was deployed", 2, trigger.Started)
	w.run(t, deployment.Finished)
	push("another", 3, trigger.Started)
	w.run(t, deployment.Cancelled)
	push("after the other was cancelled while it ran", 2, trigger.Started)
}

// run brings the queued deployment to its end.
func (w *world) run(t *testing.T, status deployment.Status) {
	t.Helper()
	w.pass(time.Second)
	record, err := w.Ledger().Claim(t.Context(), serverID, w.now())
	if err == nil {
		record, err = w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), time.Minute)
	}
	if err == nil {
		err = w.Ledger().Finish(t.Context(), record.ID, record.Lease, deployment.Progress{},
			deployment.Outcome{Status: status, ResourceStatus: "running:healthy"}, w.now())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// request asks for an operation, as a call of the API does.
func (w *world) request(t *testing.T, resource catalog.ID, operation deployment.Operation,
	options deployment.Options) deployment.Receipt {
	t.Helper()
	w.pass(time.Second)
	receipt, err := w.ports().Requests.Request(t.Context(), deployment.Request{Resource: resource,
		Operation: operation, Options: options, Trigger: deployment.Trigger{Kind: deployment.TriggerAPI}})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// created is an event of S3, as the documentation of AWS shows it.
func (w *world) created(id, bucket, key, version string) string {
	return envelope(id, "Object Created", "aws.s3", w.now(), fields{"version": "0",
		"bucket": fields{"name": bucket}, "object": fields{"key": key, "size": 5, "version-id": version,
			"etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "00617F08299329D189"},
		"request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "reason": "PutObject"})
}

func TestP11ANewObjectStartsOneDeployment(t *testing.T) {
	rule := catalog.TriggerRule{Kind: catalog.TriggerObject, Bucket: "deliveries", Prefix: "web/",
		Suffix: ".zip", Operation: "restart", Options: catalog.TriggerOptions{PullLatestImages: true}}
	for key, counts := range map[string]bool{"web/a b.zip": true, "web/.zip": true, "web/a.tar": false,
		"other/a.zip": false, "web/": false} {
		w := newWorld(t)
		service, other := w.service(t, 1, rule), w.service(t, 2)
		for range 3 {
			w.handle(t, w.created("e1", "deliveries", key, "v7"))
		}
		w.handle(t, w.created("e2", "another", key, "v7"))
		records := w.deployments(t, service)
		if (len(records) == 1) != counts || len(w.deployments(t, other)) > 0 || len(w.letters.all) > 0 {
			t.Errorf("%s: %+v, want it to count: %t; letters %+v", key, records, counts, w.letters.all)
		}
		if !counts {
			continue
		}
		received, err := w.store.Get(t.Context(), "object/e1")
		if err != nil || received.Object.Version != "v7" {
			t.Errorf("the stored event is %+v; %v", received.Object, err)
		}
		if records[0].Operation != deployment.Restart || !records[0].Options.PullLatestImages ||
			!strings.HasSuffix(records[0].Trigger.Name, "deliveries/"+key+" v7") {
			t.Errorf("the record is %+v", records[0])
		}
	}
}

func TestAnEventThatIsNotAsItsSourceDescribesItIsADeadLetter(t *testing.T) {
	for name, c := range map[string]struct {
		kind, source string
		detail       any
		field        string
	}{
		"a deleted image": {"ECR Image Action", "aws.ecr", fields{"action-type": "DELETE"},
			"detail.action-type"},
		"a failed push": {"ECR Image Action", "aws.ecr", fields{"action-type": "PUSH", "result": "FAILURE"},
			"detail.result"},
		"no repository": {"ECR Image Action", "aws.ecr", fields{"action-type": "PUSH", "result": "SUCCESS"},
			"detail.repository-name"},
		"no bucket": {"Object Created", "aws.s3", fields{}, "detail.bucket.name"},
		"no key": {"Object Created", "aws.s3", fields{"bucket": fields{"name": "a"}},
			"detail.object.key"},
		"a text":          {"Object Created", "aws.s3", "x", "detail"},
		"another sender":  {"Object Created", "any", fields{"bucket": fields{"name": "a"}}, "detail-type"},
		"another type":    {"Object Deleted", "aws.s3", fields{}, "detail-type"},
		"a text as image": {"ECR Image Action", "aws.ecr", []string{}, "detail"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.handle(t, envelope("bad", c.kind, c.source, w.now(), c.detail))
			w.wantLetter(t, c.field, "")
		})
	}
}

func TestNothingStartsItself(t *testing.T) {
	w := newWorld(t)
	one, other := w.service(t, 1), w.service(t, 2)
	cause := w.request(t, one, deployment.Deploy, deployment.Options{}).Record.ID
	w.handle(t, w.requested("own", fields{"team": team, "resource_uuid": one, "operation": "deploy",
		"caused_by": cause}))
	w.wantLetter(t, "detail.caused_by", "start again")
	w.wantOutcome(t, "bus/own", one, trigger.Dead)
	w.handle(t, w.requested("tag", fields{"team": team, "tag": "prod", "operation": "restart",
		"caused_by": []any{cause}}))
	if got := w.outcomes(t, "bus/tag"); got[one] != trigger.Dead || got[other] != trigger.Started {
		t.Errorf("the results are %v", got)
	}
	if n := len(w.deployments(t, one)); n != 1 {
		t.Errorf("%d deployments of the resource of the cause, want the cause alone", n)
	}
	records := w.deployments(t, other)
	if len(records) != 1 || records[0].Trigger.Chain != 1 || records[0].Trigger.CausedBy != cause {
		t.Errorf("the deployments of the other are %+v", records)
	}
}

func TestAChainEndsAfterFiveLinks(t *testing.T) {
	w := newWorld(t)
	services := []catalog.ID{w.service(t, 1), w.service(t, 2)}
	cause := w.request(t, services[0], deployment.Deploy, deployment.Options{}).Record.ID
	links := 0
	for ; links < 10 && len(w.letters.all) == 0; links++ {
		w.run(t, deployment.Finished)
		next := services[(links+1)%2]
		w.handle(t, w.requested(fmt.Sprint("link-", links), fields{"team": team, "resource_uuid": next,
			"operation": "deploy", "caused_by": cause}))
		records := w.deployments(t, next)
		cause = records[len(records)-1].ID
	}
	if links != 6 {
		t.Errorf("the chain has ended at the event %d, want 5 links and a dead letter for the next", links)
	}
	w.wantLetter(t, "detail.caused_by", "chain of 5")
	if n := len(w.deployments(t, services[0])) + len(w.deployments(t, services[1])); n != 6 {
		t.Errorf("%d deployments, want the first and 5 links", n)
	}
}
