package accesstest

import (
	"context"
	"testing"
	"time"

	"waybill/internal/access"
)

// usedAt returns a time with the precision that is stored.
func usedAt() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) }

func note(t *testing.T, tokens access.Tokens, id string, at time.Time) {
	t.Helper()
	if err := tokens.NoteUse(t.Context(), id, at); err != nil {
		t.Fatal(err)
	}
}

func wantUse(t *testing.T, tokens access.Tokens, id string, want time.Time) {
	t.Helper()
	if got, err := tokens.LastUse(t.Context(), id); err != nil || !got.Equal(want) {
		t.Errorf("LastUse(%s) = %s, %v; want %s", id, got, err, want)
	}
}

func knowsUses(t *testing.T, tokens access.Tokens) {
	first, second := token(1).ID, token(2).ID
	note(t, tokens, first, usedAt())
	wantUse(t, tokens, first, usedAt())
	wantUse(t, tokens, second, time.Time{})
	wantUse(t, tokens, "nonsense", time.Time{})
	note(t, tokens, second, usedAt().Add(time.Hour))
	all, err := tokens.LastUses(t.Context())
	if err != nil || len(all) != 2 || !all[first].Equal(usedAt()) ||
		!all[second].Equal(usedAt().Add(time.Hour)) {
		t.Errorf("LastUses = %v, %v", all, err)
	}
}

func notesOnceAMinute(t *testing.T, tokens access.Tokens) {
	id := token(1).ID
	note(t, tokens, id, usedAt())
	note(t, tokens, id, usedAt().Add(access.UseEvery-time.Microsecond))
	note(t, tokens, id, usedAt().Add(-time.Hour))
	wantUse(t, tokens, id, usedAt())
	note(t, tokens, id, usedAt().Add(access.UseEvery))
	wantUse(t, tokens, id, usedAt().Add(access.UseEvery))
}

func noUses(t *testing.T, tokens access.Tokens) {
	if all, err := tokens.LastUses(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("LastUses of nothing = %v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tokens.NoteUse(ctx, token(1).ID, usedAt()); err == nil {
		t.Error("NoteUse with a cancelled context returned no error")
	}
	wantUse(t, tokens, token(1).ID, time.Time{})
}
