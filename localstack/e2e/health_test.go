package e2e_test

import (
	"testing"
	"time"
)

// measured is the part of a server that this test reads.
type measured struct {
	Health *struct {
		MeasuredAt time.Time `json:"measured_at"`
		DataDisk   *struct {
			TotalBytes int64 `json:"total_bytes"`
		} `json:"data_disk"`
		DockerDisk *struct {
			TotalBytes int64 `json:"total_bytes"`
		} `json:"docker_disk"`
		Clock struct {
			OffsetSeconds float64 `json:"offset_seconds"`
		} `json:"clock"`
		DockerUsage *struct {
			ImageBytes int64 `json:"image_bytes"`
		} `json:"docker_usage"`
	} `json:"health"`
}

// TestHealthOfAServer has a start and a validation measure a server with a real Docker engine. The
// roles of both functions are enforced.
func TestHealthOfAServer(t *testing.T) {
	needDocker(t)
	w := stack(t)
	server := w.server(t)
	show := func() (got measured) {
		t.Helper()
		w.get(t, "/servers/"+server, &got)
		return got
	}
	if got := show(); got.Health != nil {
		t.Errorf("%+v before anything was measured", got.Health)
	}
	w.deploy(t, w.shell(t, server, "echo measured"))
	until(t, "the start has measured the server", func() bool { return show().Health != nil })
	check := func(by string, got measured) {
		t.Helper()
		h := got.Health
		if h == nil || h.DataDisk == nil || h.DataDisk.TotalBytes == 0 || h.DockerDisk == nil ||
			h.DockerUsage == nil || h.DockerUsage.ImageBytes == 0 || h.Clock.OffsetSeconds > 1 ||
			h.Clock.OffsetSeconds < -1 {
			t.Errorf("by %s: %+v", by, h)
		}
	}
	first := show()
	check("the start", first)
	var answer measured
	if err := w.api.Post(t.Context(), "/servers/"+server+"/validate", nil, &answer); err != nil {
		t.Fatal(err)
	}
	check("the validation, in its answer", answer)
	last := show()
	check("the validation", last)
	if !last.Health.MeasuredAt.After(first.Health.MeasuredAt) {
		t.Errorf("measured at %s, and before at %s", last.Health.MeasuredAt, first.Health.MeasuredAt)
	}
}
