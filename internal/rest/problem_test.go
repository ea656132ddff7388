package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/rest"
)

func TestEveryKindHasAProblem(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Internal:        500,
		fault.Invalid:         422,
		fault.NotFound:        404,
		fault.Conflict:        409,
		fault.Exhausted:       429,
		fault.Denied:          403,
		fault.Unauthenticated: 401,
		fault.Gone:            410,
		fault.Unavailable:     503,
	}
	headers := map[fault.Kind]string{
		fault.Exhausted:       "Retry-After",
		fault.Unavailable:     "Retry-After",
		fault.Unauthenticated: "WWW-Authenticate",
	}
	for _, kind := range fault.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			cause := errors.New("inner workings")
			err := fmt.Errorf("on the way: %w",
				fault.Wrap(cause, kind, "The %s text.", kind).WithField("name", "must be better"))
			status, header, body := rest.ProblemStatus(err)
			if status != want[kind] {
				t.Errorf("status = %d, want %d", status, want[kind])
			}
			if name := headers[kind]; name != "" && header[name] == "" {
				t.Errorf("there is no %s", name)
			}
			message := fmt.Sprintf("The %s text. name: must be better.", kind)
			if kind == fault.Internal {
				message = fault.Public(err)
			}
			var got map[string]any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, map[string]any{
				"message": message, "detail": message, "type": "about:blank",
				"title": http.StatusText(status), "status": float64(status),
				"errors": map[string]any{"name": []any{"must be better"}}, "request_id": "request-1",
			}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if strings.Contains(string(body), "workings") {
				t.Error("the cause is in the answer")
			}
		})
	}
	t.Run("what nobody classified is internal", func(t *testing.T) {
		if status, _, body := rest.ProblemStatus(errors.New("secret cause")); status != 500 ||
			strings.Contains(string(body), "secret") {
			t.Errorf("answer = %d %s", status, body)
		}
	})
}
