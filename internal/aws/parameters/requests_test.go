package parameters_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/outage"
	"waybill/internal/aws/parameters"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// store answers requests for parameters, and counts them. It throttles the first ones.
type store struct {
	parameters map[string]string
	throttles  int
	requests   int
}

func (s *store) Do(r *http.Request) (*http.Response, error) {
	s.requests++
	if s.requests <= s.throttles {
		return awstest.Answer(r, http.StatusBadRequest, awstest.JSON11,
			`{"__type":"ThrottlingException","message":"Rate exceeded"}`), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var asked struct{ Names []string }
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	if len(asked.Names) > 10 {
		return nil, fmt.Errorf("%d names in one request", len(asked.Names))
	}
	answer := map[string]any{}
	var found []map[string]string
	var invalid []string
	for _, name := range asked.Names {
		if value, there := s.parameters[name]; there {
			found = append(found, map[string]string{"Name": name, "Value": value})
		} else {
			invalid = append(invalid, name)
		}
	}
	answer["Parameters"], answer["InvalidParameters"] = found, invalid
	text, err := json.Marshal(answer)
	return awstest.Answer(r, http.StatusOK, awstest.JSON11, string(text)), err
}

// hold stores a set with one value for each of n registries.
func (s *store) hold(n int) map[catalog.ID]catalog.Generation {
	s.parameters = map[string]string{}
	sets := map[catalog.ID]catalog.Generation{}
	for i := range n {
		id := catalog.ID(fmt.Sprintf("reg%021d", i))
		sets[id] = generation
		name := fmt.Sprintf("/waybill-shop/registries/%s/%s/1", id, generation)
		s.parameters[name] = `1
[{"A":"` + fmt.Sprint(i) + `"},[]]`
	}
	return sets
}

func TestTenSetsAreOneRequest(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 3: 1, 10: 1, 11: 2, 20: 2, 21: 3} {
		s := &store{}
		sets := s.hold(n)
		got, err := parameters.Open(awstest.Offline(s), "/waybill-shop").GetAll(t.Context(), sets)
		if err != nil || len(got) != n {
			t.Fatalf("GetAll of %d sets: %d sets, %v", n, len(got), err)
		}
		if s.requests != want {
			t.Errorf("%d sets took %d requests, want %d", n, s.requests, want)
		}
	}
}

// patient returns a configuration that tries four times, as every function does, without the waits
// between.
func patient(s *store) aws.Config {
	config := awstest.Offline(s)
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 4, time.Millisecond
		})
	}
	return config
}

func TestThrottlingIsTriedAgain(t *testing.T) {
	s := &store{throttles: 3}
	got, err := parameters.Open(patient(s), "/waybill-shop").GetAll(t.Context(), s.hold(2))
	if err != nil || len(got) != 2 || s.requests != 4 {
		t.Errorf("%d sets after %d requests, %v; want both after 4", len(got), s.requests, err)
	}
}

// TestThrottlingIsReportedAsThrottling: so it is in the answer of a function of the API, too, whose
// calls have a time limit.
func TestThrottlingIsReportedAsThrottling(t *testing.T) {
	waits := &store{throttles: 1000}
	slow := patient(waits)
	slow.Retryer = func() aws.Retryer { return retry.NewStandard() }
	tries := &store{throttles: 1000}
	for name, vault := range map[string]*parameters.Vault{
		"after the last try": parameters.Open(patient(tries), "/waybill-shop"),
		"at the time limit":  parameters.Open(outage.Bounded(slow, 100*time.Millisecond), "/waybill-shop"),
	} {
		_, errGet := vault.GetAll(t.Context(), waits.hold(1))
		errPut := vault.Put(t.Context(), id, generation, values("A", "one"))
		for call, err := range map[string]error{"GetAll": errGet, "Put": errPut} {
			if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "throttled") ||
				!strings.Contains(fault.Public(err), "limits the requests") {
				t.Errorf("%s: %s: %v", name, call, err)
			}
		}
	}
}
