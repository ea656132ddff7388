package remote_test

import (
	"strings"
	"testing"

	"waybill/internal/remote"
)

func TestAChangedHostKeyIsNamedIfItIsKnown(t *testing.T) {
	known := &remote.DialError{Cause: remote.CauseHostKeyChanged, Fingerprint: "SHA256:abc"}
	if got := known.ChangedKey(); !strings.Contains(got, " SHA256:abc,") {
		t.Errorf("got %q, want the fingerprint in it", got)
	}
	unknown := &remote.DialError{Cause: remote.CauseHostKeyChanged}
	if got := unknown.ChangedKey(); strings.Contains(got, " ,") || !strings.Contains(got, "pinned type") {
		t.Errorf("got %q, want a sentence without a fingerprint", got)
	}
}
