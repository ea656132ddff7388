package e2e_test

import (
	"testing"
)

// ended is how a deployment stands in the answer to a request that waits.
type ended struct {
	UUID     string `json:"deployment_uuid"`
	Status   string
	Reason   *string
	ExitCode *int `json:"exit_code"`
}

func (e ended) isExit(code int) bool {
	return e.Status == "failed" && e.Reason != nil && *e.Reason == "exit" && e.ExitCode != nil &&
		*e.ExitCode == code
}

func TestAClientWaitsForTheEnd(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "sleep 2; exit 3")
	t.Run("with the request that starts it", func(t *testing.T) {
		var got ended
		if err := w.api.Post(t.Context(), "/applications/"+app+"/start?wait=20", nil, &got); err != nil {
			t.Fatal(err)
		}
		if !got.isExit(3) {
			t.Errorf("answer = %+v, want a failure with the exit code 3", got)
		}
	})
	t.Run("with a request of its own", func(t *testing.T) {
		uuid := w.start(t, app)
		var got ended
		w.get(t, "/deployments/"+uuid+"?wait=20", &got)
		if !got.isExit(3) {
			t.Errorf("answer = %+v, want a failure with the exit code 3", got)
		}
	})
}
