package e2e_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/rest/resttest"
)

// hook has the webhooks of a resource.
type hook struct {
	Secret string
	URLs   map[string]string
}

// hook makes a secret for the webhooks of the application.
func (w *world) hook(t *testing.T, app string) hook {
	t.Helper()
	var made hook
	if err := w.api.Post(t.Context(), "/applications/"+app+"/webhook-secret", nil, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// hooked registers an application that is built from the repository and starts by pushes to its
// branch main, and by hooks.
func (w *world) hooked(t *testing.T, server string, source *repository) string {
	t.Helper()
	return w.create(t, "/applications/dockerfile", words{"name": "hooked", "server_uuid": server,
		"git_repository": source.url, "git_branch": "main",
		"triggers": []words{{"kind": "git"}, {"kind": "hook", "operation": "restart"}}})
}

// deliverTo sends a delivery of the provider to the path, and returns the status of the answer and
// its body.
func (w *world) deliverTo(t *testing.T, path string, sent resttest.Request) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path,
		strings.NewReader(sent.Body.(string)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range sent.Header {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// pushOf is a delivery of the provider of a push of the commit, signed with the secret. Its body has
// characters and numbers that must arrive as they are, because the signature covers them.
func pushOf(t *testing.T, provider, commit, secret string) resttest.Request {
	t.Helper()
	delivery := resttest.Deliveries()[provider]
	text, err := json.Marshal(delivery.Body)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(text), resttest.Commit, commit)
	body = "{\r\n \"extra\" : [20.0, \"é\\u00e9\\/ +%2B\"],\t" + body[1:] + "\n"
	sent := resttest.Request{Body: body, Header: map[string]string{"Content-Type": "application/json"}}
	for _, some := range []map[string]string{delivery.Event, delivery.Sign(t, secret, body)} {
		for name, value := range some {
			sent.Header[name] = value
		}
	}
	return sent
}

// TestP11APushStartsOneDeploymentOfItsCommit delivers a push of each forge, and a call of the generic
// webhook, three times.
func TestP11APushStartsOneDeploymentOfItsCommit(t *testing.T) {
	w, source := stack(t), newRepository(t)
	server := w.server(t)
	for provider := range resttest.Deliveries() {
		commit := source.push(t, "main", "Change for "+provider, map[string]string{"README": provider})
		source.push(t, "main", "A later change", map[string]string{"README": provider + " later"})
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			app := w.hooked(t, server, source)
			made := w.hook(t, app)
			ids := map[string]bool{}
			for range 3 {
				status, body := w.deliverTo(t, made.URLs[provider], pushOf(t, provider, commit, made.Secret))
				var accepted struct {
					EventID string `json:"event_id"`
				}
				if err := json.Unmarshal([]byte(body), &accepted); err != nil ||
					status != http.StatusAccepted {
					t.Fatalf("the delivery is answered %d %s, want 202", status, body)
				}
				ids[accepted.EventID] = true
			}
			kind := "git"
			if provider == "generic" {
				kind, commit = "hook", ""
			}
			started := w.triggered(t, kind, app)
			w.await(t, started[0].DeploymentUUID)
			w.settle(t, server, source)
			all := w.triggered(t, kind, app)
			w.wantStarted(t, slices.Collect(maps.Keys(ids))[0], app, all[0].DeploymentUUID)
			if len(all) != 1 || len(ids) != 1 || w.history(t, app) != 1 {
				t.Fatalf("%d deployments, %d events, want one of each", len(all), len(ids))
			}
			if commit != "" && all[0].Commit != commit {
				t.Errorf("the deployment is of %s, want the pushed commit %s", all[0].Commit, commit)
			}
			if want := map[string]string{"git": "deploy", "hook": "restart"}[kind]; all[0].Operation != want {
				t.Errorf("the operation is %s, want %s as declared", all[0].Operation, want)
			}
		})
	}
}

// wantStarted wants the event among the last ones, with the deployment as its result.
func (w *world) wantStarted(t *testing.T, event, app, deployment string) {
	t.Helper()
	var recent struct {
		Events []struct {
			ID      string
			Results []struct {
				Resource   string `json:"resource_uuid"`
				Deployment string `json:"deployment_uuid"`
				Result     string
			}
		}
	}
	w.get(t, "/triggers/recent", &recent)
	for _, one := range recent.Events {
		if one.ID != event {
			continue
		}
		if len(one.Results) != 1 || one.Results[0].Resource != app || one.Results[0].Result != "started" ||
			one.Results[0].Deployment != deployment {
			t.Errorf("the results of %s are %+v, want the deployment %s", event, one.Results, deployment)
		}
		return
	}
	t.Errorf("%s is not among the %d last events", event, len(recent.Events))
}

// settle waits until another delivery has been handled, which came after all former ones.
func (w *world) settle(t *testing.T, server string, source *repository) {
	t.Helper()
	app := w.hooked(t, server, source)
	made := w.hook(t, app)
	status, body := w.deliverTo(t, made.URLs["generic"], pushOf(t, "generic", "", made.Secret))
	if status != http.StatusAccepted {
		t.Fatalf("a delivery is answered %d %s", status, body)
	}
	w.triggered(t, "hook", app)
}

// TestARefusedDeliveryStartsNothing has wrong signatures, unknown resources, malformed events and
// time stamps of yesterday.
func TestARefusedDeliveryStartsNothing(t *testing.T) {
	w, source := stack(t), newRepository(t)
	server := w.server(t)
	app, other := w.hooked(t, server, source), w.hooked(t, server, source)
	made, foreign := w.hook(t, app), w.hook(t, other)
	commit := source.git(t, "rev-parse", "HEAD")
	for provider, delivery := range resttest.Deliveries() {
		old := pushOf(t, provider, commit, made.Secret)
		for name, value := range resttest.SignStandard(t, made.Secret, "old", old.Body.(string),
			time.Now().Add(-24*time.Hour)) {
			if provider == "generic" || provider == "gitlab" {
				old.Header[name] = value
			}
		}
		form := resttest.Request{Body: "payload=%7B%7D", Header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded"}}
		malformed := pushOf(t, provider, "$(reboot)", made.Secret)
		for _, some := range []map[string]string{delivery.Event, delivery.Sign(t, made.Secret,
			form.Body.(string))} {
			for name, value := range some {
				form.Header[name] = value
			}
		}
		unknown := "/api/v1/webhooks/" + provider + "/app" + strings.Repeat("0", 21)
		for _, c := range []struct {
			name, path string
			sent       resttest.Request
			want       int
			skip       bool
		}{
			{"another secret", made.URLs[provider], pushOf(t, provider, commit, foreign.Secret), 401, false},
			{"an unknown resource", unknown, pushOf(t, provider, commit, made.Secret), 401, false},
			{"an old time", made.URLs[provider], old, 401, provider != "generic" && provider != "gitlab"},
			{"a malformed event", made.URLs[provider], malformed, 422, provider == "generic"},
			{"a form", made.URLs[provider], form, 422, false},
		} {
			if c.skip {
				continue
			}
			if status, body := w.deliverTo(t, c.path, c.sent); status != c.want {
				t.Errorf("%s, %s: answered %d %s, want %d", provider, c.name, status, body, c.want)
			}
		}
	}
	w.settle(t, server, source)
	if n := w.history(t, app); n != 0 {
		t.Errorf("%d deployments, want none", n)
	}
}

// TestP11ThePushedCommitIsBuilt pushes twice. The forge reports only the first push.
func TestP11ThePushedCommitIsBuilt(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	w := stack(t)
	s := w.newStage(t, watch(t), nil)
	source, port := newRepository(t), freePort(t)
	commit := source.push(t, "main", "Show the first page", source.page("first"))
	source.push(t, "main", "Show the second page", source.page("second"))
	r := s.build(t, source, "dockerfile", with(published(port), words{"git_branch": "main",
		"base_directory": "/page", "triggers": []words{{"kind": "git"}}}))
	made := w.hook(t, r.uuid)
	status, body := w.deliverTo(t, made.URLs["github"], pushOf(t, "github", commit, made.Secret))
	if status != http.StatusAccepted {
		t.Fatalf("the delivery is answered %d %s, want 202", status, body)
	}
	record := w.await(t, w.triggered(t, "git", r.uuid)[0].DeploymentUUID)
	if record.Status != "finished" {
		t.Errorf("the deployment is %s, %s", record.Status, record.Reason)
	}
	wantCommit(t, record, commit, "Show the first page")
	wantPage(t, port, "/", "first")
	r.remove(t, true)
}
