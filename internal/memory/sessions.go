package memory

import (
	"context"
	"time"

	"waybill/internal/catalog"
)

// sessions is a [catalog.Sessions].
type sessions struct{ *Memory }

func (s sessions) Take(ctx context.Context, server catalog.ID, holder string, now time.Time) error {
	return s.locked(ctx, func() error {
		if s.sessions[server] == nil {
			s.sessions[server] = map[string]time.Time{}
		}
		places := s.sessions[server]
		for other, until := range places {
			if !now.Before(until) {
				delete(places, other)
			}
		}
		if _, has := places[holder]; !has && len(places) == catalog.MaxSessions {
			return catalog.NewNoSessionError()
		}
		places[holder] = now.Add(catalog.SessionTime)
		return nil
	})
}

func (s sessions) Free(ctx context.Context, server catalog.ID, holder string) error {
	return s.locked(ctx, func() error {
		delete(s.sessions[server], holder)
		return nil
	})
}
