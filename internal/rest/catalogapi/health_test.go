package catalogapi_test

import (
	"net/http"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
	"waybill/internal/wire"
)

// TestAValidationMeasuresTheServer reads the measurement in the answer and in the server.
func TestAValidationMeasuresTheServer(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	type measured struct{ Health *wire.ServerHealth }
	show := func() measured {
		t.Helper()
		return resttest.Want[measured](t, w, http.StatusOK,
			resttest.Request{Operation: "getServer", PathUUID: server})
	}
	if got := show(); got.Health != nil {
		t.Errorf("%+v before the first measurement", got.Health)
	}
	at := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	w.Inspector.Health = catalog.Health{MeasuredAt: at, DataBytes: 1000, DataFreeBytes: 55,
		DataInodes: 10, DataFreeInodes: 9, ClockOffset: -1500 * time.Millisecond, ClockError: time.Second,
		UsageAt: at, ImageBytes: 7, ReclaimableCacheBytes: 8}
	answered := resttest.Want[measured](t, w, http.StatusCreated,
		resttest.Request{Operation: "validateServer", PathUUID: server})
	for place, got := range map[string]*wire.ServerHealth{"the answer": answered.Health,
		"the server": show().Health} {
		if got == nil || got.DataDisk == nil || got.DataDisk.FreePercent != 5.5 || got.DockerDisk != nil ||
			*got.DataDisk.FreeInodesPercent != 90 || got.Clock.OffsetSeconds != -1.5 ||
			got.Docker == nil || got.Docker.ImageBytes != 7 || got.Docker.ReclaimableCacheBytes != 8 ||
			len(got.Warnings) != 1 {
			t.Errorf("%s has %+v", place, got)
		}
	}
	t.Run("one that fails leaves the last measurement", func(t *testing.T) {
		w.Inspector.Shut = catalog.NewServerError("The server has no docker.")
		answered := resttest.Want[measured](t, w, http.StatusCreated,
			resttest.Request{Operation: "validateServer", PathUUID: server})
		if answered.Health != nil || show().Health == nil {
			t.Errorf("answered %+v, stored %+v", answered.Health, show().Health)
		}
	})
	t.Run("a new server that is validated at once warns", func(t *testing.T) {
		w.Inspector.Shut = nil
		body := resttest.Want[struct{ Warnings []string }](t, w, http.StatusCreated, resttest.Request{
			Operation: "createServer", Body: resttest.Object{"name": "new", "ip": "web-9",
				"private_key_uuid": w.Key(t), "host_key": resttest.FirstKey.Line, "instant_validate": true}})
		if len(body.Warnings) != 1 {
			t.Errorf("%q, want one warning", body.Warnings)
		}
	})
}
