package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func testKnown(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("known", time.Hour)
	_, err := w.Ledger.Known(t.Context(), w.record(t, service, server), request)
	wantKind(t, err, fault.NotFound)
	_, err = w.Ledger.Known(t.Context(), w.record(t, newID(t, service.Kind()), server), request)
	wantKind(t, err, fault.NotFound)
	first := w.enqueue(t, service, server)
	other := w.plain(t, service, server, deployment.Restart)
	_, err = w.Ledger.Known(t.Context(), other, request)
	wantKind(t, err, fault.NotFound)
	again := w.record(t, service, server)
	again.Trigger.TokenID = "4712"
	receipt, err := w.Ledger.Known(t.Context(), again, request)
	w.wantRepeat(t, receipt, err, first.ID, 1)
	if !w.get(t, first.ID).IsGivenTo("4712") {
		t.Error("the queued deployment is not given to the token")
	}
	w.claim(t, server)
	w.repeats(t, w.record(t, service, server), request, first.ID, 0)
	wantSame(t, "the number of deployments", w.state(t, service).Deployments, 1)
}

func testOverride(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	service := w.service(t, server)
	override := func(record deployment.Record) (deployment.Record, audit.Entry) {
		record.WindowOverride = deployment.WindowOverride{Reason: "fix of the log\u00edn", By: "cí: äöü"}
		return record, w.entry(t, audit.OverrideWindow, record.ID)
	}
	record, entry := override(w.record(t, service, server))
	for _, repeated := range []bool{false, true} {
		receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{}, audit.Entry{}, entry)
		if err != nil || receipt.Repeated != repeated ||
			receipt.Record.WindowOverride != record.WindowOverride {
			t.Fatalf("Enqueue: %+v, %v", receipt, err)
		}
	}
	wantSame(t, "the record", w.get(t, record.ID), record)
	w.wantEntries(t, record.ID, entry)
	listing, err := w.History.List(t.Context(), service, deployment.Page{})
	if err != nil || len(listing.Records) != 1 {
		t.Fatalf("List: %+v, %v", listing, err)
	}
	wantSame(t, "the listed record", listing.Records[0], record)

	newer, entered := override(w.plain(t, service, server, deployment.Deploy))
	receipt, err := w.Ledger.Enqueue(t.Context(), newer, deployment.RequestKey{}, entered)
	if err != nil || receipt.Superseded != record.ID {
		t.Fatalf("Enqueue of a deploy: %+v, %v", receipt, err)
	}
	w.wantEntries(t, newer.ID, entered)
	began := w.begin(t, w.claim(t, server).ID, "runner")
	w.finish(t, began, deployment.Outcome{Status: deployment.Failed,
		Source: deployment.Source{Message: "a commit"}})
	wantSame(t, "the override at the end", w.get(t, newer.ID).WindowOverride, newer.WindowOverride)
	w.hold(t, newer.ID, "case 7")
	wantSame(t, "the override of a held one", w.get(t, newer.ID).WindowOverride, newer.WindowOverride)

	w.enqueue(t, w.service(t, server), server)
	w.enqueue(t, w.service(t, server), server)
	refused, none := override(w.record(t, w.service(t, server), server))
	_, err = w.Ledger.Enqueue(t.Context(), refused, deployment.RequestKey{}, none)
	wantKind(t, err, fault.Exhausted)
	w.wantEntries(t, refused.ID)
}
