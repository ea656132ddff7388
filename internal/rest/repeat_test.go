package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/idempotency"
	"waybill/internal/memory"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
)

// keyed is a scene whose functions have a clock that a test moves.
type keyed struct {
	*resttest.World
	mishap *mishap
	mu     sync.Mutex
	now    time.Time
	// takers has a successful request of every operation that takes a key.
	takers map[string]taker
}

type taker struct {
	status int
	resttest.Request
}

func newKeyed(t *testing.T) *keyed {
	t.Helper()
	s := resttest.NewScene(t)
	k := &keyed{World: s.World, mishap: &mishap{}, now: time.Now(), takers: map[string]taker{}}
	for id, good := range s.Successes(t) {
		if s.Route(t, id).TakesKey {
			good.Operation, good.Header = id, map[string]string{"Idempotency-Key": "k"}
			k.takers[id] = taker{good.Status, good.Request}
		}
	}
	k.mishap.build(t, s.World, k.clock)
	return k
}

func (k *keyed) clock() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

func (k *keyed) wait(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
}

// count counts the entities of each kind, the tokens, the deployments, and the entries of the
// audit.
func (k *keyed) count(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, kind := range []catalog.Kind{
		catalog.KindServer, catalog.KindPrivateKey, catalog.KindApplication, catalog.KindService,
		catalog.KindDatabase, catalog.KindRegistry, catalog.KindNotification,
	} {
		all, err := catalog.All(t.Context(), k.Memory.Catalog(), kind)
		if err != nil {
			t.Fatal(err)
		}
		counts[string(kind)] = len(all)
	}
	counts["deployment"] = len(k.deployments(t))
	tokens, err := k.Memory.Tokens().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counts["token"] = len(tokens)
	for _, entry := range entries(t, k.World, k.clock().Add(time.Hour)) {
		if entry.Action == audit.Delete { // of what was created, by a request that fails
			counts["entry"]--
		} else {
			counts["entry"]++
		}
	}
	return counts
}

// deployments returns every deployment and its status.
func (k *keyed) deployments(t *testing.T) map[deployment.ID]deployment.Status {
	t.Helper()
	found := map[deployment.ID]deployment.Status{}
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		all, err := catalog.All(t.Context(), k.Memory.Catalog(), kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, entity := range all {
			listing, err := k.Memory.History().List(t.Context(), entity.Common().ID,
				deployment.Page{Take: deployment.MaxTake})
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range listing.Records {
				found[record.ID] = record.Status
			}
		}
	}
	return found
}

// endNew ends all deployments that are not among the old ones.
func (k *keyed) endNew(t *testing.T, old map[deployment.ID]deployment.Status) {
	t.Helper()
	for id, status := range k.deployments(t) {
		if _, known := old[id]; known || status != deployment.Queued {
			continue
		}
		if _, err := k.Memory.Ledger().Cancel(t.Context(), id, "ops", k.clock()); err != nil {
			t.Fatal(err)
		}
	}
}

// added returns how much the counts have grown.
func added(before, after map[string]int) map[string]int {
	grown := map[string]int{}
	for name, n := range after {
		if n != before[name] {
			grown[name] = n - before[name]
		}
	}
	return grown
}

// wantRepeat checks that a repeat gets the same answer as the first request, without the
// warnings, and creates nothing.
func (k *keyed) wantRepeat(t *testing.T, good taker, first resttest.Response) {
	t.Helper()
	before := k.count(t)
	again := k.Ask(t, good.Request)
	if grown := added(before, k.count(t)); len(grown) != 0 {
		t.Errorf("the repeat created %v", grown)
	}
	if good.Operation == "createToken" {
		created := resttest.Into[struct{ Created []string }](t, again).Created
		want := resttest.Into[struct{ ID json.Number }](t, first).ID.String()
		if again.Status != http.StatusConflict || want != "" && !slices.Equal(created, []string{want}) ||
			strings.Contains(string(again.Body), `"token"`) {
			t.Errorf("the repeat is answered %d %s, want 409 with the id %s", again.Status, again.Body, want)
		}
		return
	}
	if again.Status != first.Status {
		t.Errorf("the repeat is answered %d %s, want %d", again.Status, again.Body, first.Status)
		return
	}
	if diff := cmp.Diff(comparable(t, again), comparable(t, first)); diff != "" {
		t.Errorf("the repeat (-got +want)\n%s", diff)
	}
}

// comparable is the body without the members that a repeat does not have.
func comparable(t *testing.T, answer resttest.Response) any {
	t.Helper()
	var body any
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		t.Fatal(err)
	}
	object, is := body.(map[string]any)
	if !is { // the tags of a resource
		return body
	}
	all := []any{object}
	if list, is := object["deployments"].([]any); is {
		all = append(all, list...)
	}
	for _, one := range all {
		for _, name := range []string{"repeated", "warnings", "superseded_deployment_uuid"} {
			delete(one.(map[string]any), name)
		}
	}
	return body
}

// TestEveryRequestWithAKeyIsOneRequest repeats every operation that takes a key: after it
// was answered, and after a mishap at each of its writes.
func TestEveryRequestWithAKeyIsOneRequest(t *testing.T) {
	for _, id := range slices.Collect(maps.Keys(newKeyed(t).takers)) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t)
			good, before, old := k.takers[id], k.count(t), k.deployments(t)
			first := k.Ask(t, good.Request)
			if first.Status != good.status {
				t.Fatalf("it is answered %d %s, want %d", first.Status, first.Body, good.status)
			}
			want := added(before, k.count(t))
			k.wantRepeat(t, good, first)
			k.wait(idempotency.Window - time.Second)
			k.wantRepeat(t, good, first)
			k.endNew(t, old)
			if k.Route(t, id).Method != http.MethodPost {
				return // a deletion that is repeated after a mishap may find nothing
			}
			if strings.HasSuffix(id, "Tags") { // the next requests add tags that are there
				delete(want, "entry")
			}
			for what, happens := range mishaps() {
				for through, happened := 0, true; happened; through++ {
					if id == "cancelDeployment" { // there is one to cancel
						k = newKeyed(t)
					}
					k.renewVariables(t, id)
					key := fmt.Sprintf("%s write %d", what, through)
					happened = k.repeatAfter(t, id, key, mishap{through: through, happens: happens}, want)
				}
			}
		})
	}
}

// renewVariables gives the request that adds a variable a resource that does not have it.
func (k *keyed) renewVariables(t *testing.T, id string) {
	t.Helper()
	kind, of := strings.CutSuffix(strings.TrimPrefix(id, "create"), "Variable")
	if good := k.takers[id]; of {
		good.PathUUID = k.Makers()[kind](t, k.Server(t))
		k.takers[id] = good
	}
}

// repeatAfter makes a request with the mishap under the key, and repeats it. It reports
// whether the mishap happened.
func (k *keyed) repeatAfter(t *testing.T, id, key string, m mishap, want map[string]int) bool {
	t.Helper()
	good, before, old := k.takers[id], k.count(t), k.deployments(t)
	good.Header = map[string]string{"Idempotency-Key": key}
	*k.mishap = m
	first := k.Ask(t, good.Request)
	happened := k.mishap.happened
	*k.mishap = mishap{}
	k.wait(idempotency.RunLimit)
	k.endNew(t, old) // or it would be the answer to an equal request, with or without a key
	if first.Status < http.StatusInternalServerError && first.Status != good.status {
		t.Errorf("%s: answered %d %s", key, first.Status, first.Body)
	}
	second := k.Ask(t, good.Request)
	if id != "createToken" && second.Status != good.status {
		t.Errorf("%s: the repeat is answered %d %s, want %d", key, second.Status, second.Body, good.status)
	}
	if diff := cmp.Diff(added(before, k.count(t)), want); diff != "" {
		t.Errorf("%s: created (-got +want)\n%s", key, diff)
	}
	k.wantRepeat(t, good, second)
	k.endNew(t, old)
	return happened
}

// server is a request that registers a server under a key.
func (k *keyed) server(key, name string) resttest.Request {
	body := maps.Clone(k.takers["createServer"].Body.(resttest.Object))
	body["name"] = name
	return resttest.Request{
		Operation: "createServer", Body: body, Header: map[string]string{"Idempotency-Key": key},
	}
}

func TestAKeyIsOfOneTokenMethodAndPath(t *testing.T) {
	k := newKeyed(t)
	first := resttest.Want[struct{ UUID string }](t, k.World, http.StatusCreated, k.server("k", "web"))
	t.Run("another key, or another token, is another request", func(t *testing.T) {
		other := k.server("k", "web")
		other.Token = k.Mint(t, access.Root)
		for _, r := range []resttest.Request{k.server("k2", "web"), other} {
			got := resttest.Want[struct{ UUID string }](t, k.World, http.StatusCreated, r)
			if got.UUID == first.UUID {
				t.Errorf("%s was created again", got.UUID)
			}
		}
	})
	t.Run("another path is another request", func(t *testing.T) {
		server := k.Server(t)
		var uuids []string
		for range 2 {
			r := k.takers["startApplication"].Request
			r.PathUUID = k.Application(t, server)
			got := resttest.Want[resttest.Queued](t, k.World, http.StatusOK, r)
			uuids = append(uuids, got.DeploymentUUID)
		}
		if uuids[0] == uuids[1] {
			t.Errorf("two applications are started by %s", uuids[0])
		}
	})
	t.Run("another body or query is 422", func(t *testing.T) {
		got := resttest.Want[resttest.Problem](t, k.World, http.StatusUnprocessableEntity,
			k.server("k", "other"))
		if len(got.Errors["Idempotency-Key"]) != 1 {
			t.Errorf("errors = %v", got.Errors)
		}
		r := k.takers["deploy"].Request
		resttest.Want[resttest.Object](t, k.World, http.StatusOK, r)
		r.Query += "&force=true"
		resttest.Want[resttest.Problem](t, k.World, http.StatusUnprocessableEntity, r)
	})
	t.Run("after 24 hours it is a new request", func(t *testing.T) {
		k.wait(idempotency.Window)
		got := resttest.Want[struct{ UUID string }](t, k.World, http.StatusCreated, k.server("k", "other"))
		if got.UUID == first.UUID {
			t.Errorf("%s was created again", got.UUID)
		}
	})
}

func TestARefusedRequestFreesItsKey(t *testing.T) {
	k := newKeyed(t)
	wrong := k.server("k", "web")
	wrong.Body.(resttest.Object)["private_key_uuid"] = "key" + strings.Repeat("0", 21)
	resttest.Want[resttest.Problem](t, k.World, http.StatusUnprocessableEntity, wrong)
	resttest.Want[resttest.Object](t, k.World, http.StatusCreated, k.server("k", "web"))
}

func TestARepeatDuringTheFirstIs409(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	k := newKeyed(t)
	k.mishap.through, k.mishap.happens = 1, func(write func() error) error { // the first write takes the key
		close(began)
		<-finish
		return write()
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if answer := k.Ask(t, k.server("k", "web")); answer.Status != http.StatusCreated {
			t.Errorf("the first is answered %d %s", answer.Status, answer.Body)
		}
	})
	<-began
	answer := k.Ask(t, k.server("k", "web"))
	if answer.Status != http.StatusConflict || answer.Header.Get("Retry-After") != "2" {
		t.Errorf("the repeat is answered %d %s, Retry-After %q", answer.Status, answer.Body,
			answer.Header.Get("Retry-After"))
	}
	resttest.Want[resttest.Problem](t, k.World, http.StatusUnprocessableEntity,
		k.server("k", "other"))
	close(finish)
	wait.Wait()
	resttest.Want[resttest.Object](t, k.World, http.StatusCreated, k.server("k", "web"))
}

func TestARepeatOfWhatIsGoneNamesIt(t *testing.T) {
	k := newKeyed(t)
	first := resttest.Want[struct{ UUID string }](t, k.World, http.StatusCreated, k.server("k", "web"))
	resttest.Want[resttest.Object](t, k.World, http.StatusOK, resttest.Request{
		Operation: "deleteServer", PathUUID: first.UUID,
	})
	got := resttest.Want[struct{ Created []string }](t, k.World, http.StatusConflict, k.server("k", "web"))
	if !slices.Equal(got.Created, []string{first.UUID}) {
		t.Errorf("created = %v, want %s", got.Created, first.UUID)
	}
}

// TestARunThatOutlivesItsLimitTakesNothingBack lets a second run create what the first is
// about to create.
func TestARunThatOutlivesItsLimitTakesNothingBack(t *testing.T) {
	k := newKeyed(t)
	good, began, finish := k.takers["createKey"], make(chan struct{}), make(chan struct{})
	k.mishap.through = 3 // the key, the reservation and the secrets come before
	k.mishap.happens = func(write func() error) error {
		close(began)
		<-finish
		return write()
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if answer := k.Ask(t, good.Request); answer.Status != http.StatusConflict {
			t.Errorf("the first is answered %d %s", answer.Status, answer.Body)
		}
	})
	<-began
	k.wait(idempotency.RunLimit)
	second := resttest.Want[struct{ UUID string }](t, k.World, http.StatusCreated, good.Request)
	close(finish)
	wait.Wait()
	resttest.Want[resttest.Object](t, k.World, http.StatusOK, resttest.Request{
		Operation: "getKey", PathUUID: second.UUID,
	})
}

func TestAFunctionMustHaveWhatItsOperationsTake(t *testing.T) {
	endpoint := func(context.Context, *rest.Call) (rest.Answer, error) { return rest.Answer{}, nil }
	repeat := func(context.Context, *rest.Call, []string) (any, error) { return nil, nil }
	m := memory.New(memory.Options{})
	f := rest.Function{
		Name: "deploy", Tokens: m.Tokens(), Store: m.Catalog(), Keys: m.IdempotencyKeys(),
		Endpoints: map[string]rest.Endpoint{}, Repeats: map[string]rest.Repeat{},
		Bodies: schema.NewBodies(),
	}
	for _, route := range openapi.Routes() {
		f.Endpoints[route.ID], f.Repeats[route.ID] = endpoint, repeat
	}
	if _, err := rest.NewHandler(f, rest.Options{}); err != nil {
		t.Fatal(err)
	}
	unscoped := f
	unscoped.Store = nil
	if _, err := rest.NewHandler(unscoped, rest.Options{}); err == nil {
		t.Error("a function starts without a check of scopes")
	}
	unchecked := f
	unchecked.Bodies = nil
	if _, err := rest.NewHandler(unchecked, rest.Options{}); err == nil {
		t.Error("a function that takes bodies starts without a check of them")
	}
	delete(f.Repeats, "startService")
	_, err := rest.NewHandler(f, rest.Options{})
	if err == nil || !strings.Contains(err.Error(), "startService") {
		t.Errorf("without a repeat: %v, want an error that names it", err)
	}
}
