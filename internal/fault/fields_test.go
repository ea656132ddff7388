package fault_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
)

func TestFieldErrors(t *testing.T) {
	var wrong fault.FieldErrors
	if err := wrong.Err(); err != nil {
		t.Fatalf("without problems: %v", err)
	}
	wrong.Add("name", "must not be empty")
	wrong.Add("port", "must be %d to %d", 1, 65535)
	wrong.Add("name", "must be text")
	err := wrong.Err()
	if !errors.Is(err, fault.Invalid) || fault.Public(err) != "Validation failed." {
		t.Errorf("got %v", err)
	}
	want := map[string][]string{
		"name": {"must not be empty", "must be text"},
		"port": {"must be 1 to 65535"},
	}
	if diff := cmp.Diff(fault.Fields(err), want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}

func TestCollectFields(t *testing.T) {
	wrong, err := fault.CollectFields(nil)
	if err != nil || wrong.Err() != nil {
		t.Errorf("of nil: %v, %v", wrong.Err(), err)
	}
	wrong, err = fault.CollectFields(fault.InvalidField("a", "must be b"))
	if err != nil {
		t.Fatal(err)
	}
	wrong.Add("c", "must be d")
	if got := fault.Fields(wrong.Err()); len(got) != 2 {
		t.Errorf("got the fields %v", got)
	}
	outage := fault.New(fault.Unavailable, "No answer.")
	if _, err = fault.CollectFields(outage); err != error(outage) {
		t.Errorf("an outage became %v", err)
	}
}

func TestWrapFieldHidesItsCause(t *testing.T) {
	err := fault.WrapField(errors.New("the cause"), fault.Invalid, "key", "must be a key")
	if got := fault.Public(err); got != "Validation failed." {
		t.Errorf("the public text is %q", got)
	}
	want := map[string][]string{"key": {"must be a key"}}
	if diff := cmp.Diff(fault.Fields(err), want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}
