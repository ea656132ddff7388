package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
)

func TestKind(t *testing.T) {
	t.Run("an unclassified error is Internal", func(t *testing.T) {
		if got, want := fault.KindOf(errors.New("disk")), fault.Internal; got != want {
			t.Errorf("kind = %v, want %v", got, want)
		}
	})
	t.Run("a classified error is found through wrapping", func(t *testing.T) {
		err := fmt.Errorf("read: %w", fault.New(fault.NotFound, "Service not found."))
		if !errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
			t.Errorf("errors.Is does not tell the kind of %v", err)
		}
	})
	t.Run("a bare kind is an error of its kind", func(t *testing.T) {
		if got, want := fault.KindOf(fmt.Errorf("x: %w", fault.Gone)), fault.Gone; got != want {
			t.Errorf("kind = %v, want %v", got, want)
		}
	})
	t.Run("the outermost classification wins", func(t *testing.T) {
		err := fault.Wrap(fault.New(fault.NotFound, "no row"), fault.Conflict, "It changed.")
		if got, want := fault.KindOf(err), fault.Conflict; got != want {
			t.Errorf("kind = %v, want %v", got, want)
		}
	})
	t.Run("every kind has a name of its own", func(t *testing.T) {
		seen := map[string]bool{}
		for _, kind := range fault.Kinds() {
			if name := kind.String(); seen[name] || strings.HasPrefix(name, "kind ") {
				t.Errorf("kind %d has the name %q", kind, name)
			} else {
				seen[name] = true
			}
		}
	})
}

func TestPublic(t *testing.T) {
	t.Run("the cause is in the operator's text and not in the public one", func(t *testing.T) {
		err := fault.Wrap(errors.New("dial 10.0.0.7"), fault.Unavailable, "The server did not answer.")
		if got, want := fault.Public(err), "The server did not answer."; got != want {
			t.Errorf("public = %q, want %q", got, want)
		}
		if got, want := err.Error(), "The server did not answer.: dial 10.0.0.7"; got != want {
			t.Errorf("error = %q, want %q", got, want)
		}
	})
	t.Run("an Internal error's own text is never public", func(t *testing.T) {
		got := fault.Public(fault.New(fault.Internal, "row 7 is corrupt"))
		if strings.Contains(got, "row 7") {
			t.Errorf("public = %q", got)
		}
	})
}

func TestFields(t *testing.T) {
	base := fault.New(fault.Invalid, "Validation failed.")
	one := base.WithField("port", "must be 1 to 65535")
	two := one.WithField("port", "must be a number").WithField("name", "is required")
	want := map[string][]string{"port": {"must be 1 to 65535", "must be a number"}, "name": {"is required"}}
	if diff := cmp.Diff(fault.Fields(two), want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
	if fault.Fields(base) != nil || len(fault.Fields(one)["port"]) != 1 {
		t.Error("WithField changed the error it was called on")
	}
}

func TestPanicText(t *testing.T) {
	panicText := func(run func()) (text string) {
		defer func() { text = fault.PanicText(recover()) }()
		run()
		return ""
	}
	t.Run("a runtime error gives its message", func(t *testing.T) {
		var empty []int
		if got := panicText(func() { _ = empty[len(empty)] }); !strings.Contains(got, "index out of range") {
			t.Errorf("text = %q", got)
		}
	})
	t.Run("any other value gives only its type", func(t *testing.T) {
		if got := panicText(func() { panic("hunter22") }); got != "a value of type string" {
			t.Errorf("text = %q", got)
		}
	})
}
