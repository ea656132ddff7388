package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// collector takes traces on loopback. It keeps those with the tenant of [TestADeploymentIsOneTrace],
// because all tests of the stack send it theirs.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

const traceHeaders = "x-tenant=e%32e"

// newCollector takes all requests, and forgets those without the header.
func newCollector() *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/v1/traces" || r.Header.Get("X-Tenant") != "e2e" {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies = append(c.bodies, string(body))
	}))
	return c
}

// with returns the traces that have the text.
func (c *collector) with(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, body := range c.bodies {
		if strings.Contains(body, text) {
			found = append(found, body)
		}
	}
	return found
}

// TestADeploymentIsOneTrace follows a trace from the end of a deployment to the collector, with the
// header that an operator has put into the parameter store.
func TestADeploymentIsOneTrace(t *testing.T) {
	w := stack(t)
	name := "/waybill-e2e/tracing/headers"
	if _, err := ssm.NewFromConfig(w.cloud.Session().Config()).PutParameter(t.Context(),
		&ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString,
			Value: aws.String(traceHeaders), Overwrite: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	record, entries := w.deploy(t, w.shell(t, w.server(t), "sleep 1; exit 3"))
	wantStatus(t, record, entries, "failed", "exit")
	var found []string
	for deadline := time.Now().Add(patience); len(found) == 0 && time.Now().Before(deadline); time.Sleep(
		100 * time.Millisecond,
	) {
		found = w.traces.with(record.DeploymentUUID)
	}
	if len(found) == 0 {
		t.Fatalf("no trace of %s came", record.DeploymentUUID)
	}
	var trace struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct {
					Name   string
					Status struct{ Code int }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(found[0]), &trace); err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for _, span := range trace.ResourceSpans[0].ScopeSpans[0].Spans {
		states[span.Name] = span.Status.Code
	}
	for _, phase := range []string{"queued", "claimed", "connected", "start demo", "Start"} {
		if _, has := states[phase]; !has {
			t.Errorf("the trace has no span %q: %v", phase, states)
		}
	}
	if states["start demo"] != 2 || states["Start"] != 2 {
		t.Errorf("the spans have the states %v, want an error of the step and of the whole", states)
	}
}
