package memory

import (
	"context"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

func (s store) Team(ctx context.Context) (catalog.Team, error) {
	var team catalog.Team
	err := s.locked(ctx, func() error {
		team = cloneTeam(s.team)
		return nil
	})
	return team, err
}

func (s store) ServerAndTeam(ctx context.Context, id catalog.ID) (*catalog.Server, catalog.Team, error) {
	var found *catalog.Server
	var team catalog.Team
	err := s.locked(ctx, func() error {
		if _, is := s.entities[id].(*catalog.Server); !is {
			return catalog.NewNoServerError()
		}
		found, _ = s.entity(id).(*catalog.Server)
		team = cloneTeam(s.team)
		return nil
	})
	return found, team, err
}

func (s store) UpdateTeam(
	ctx context.Context, team catalog.Team, was time.Time, entry audit.Entry,
) error {
	return s.audited(ctx, entry, func() error {
		if !s.team.UpdatedAt.Equal(was) {
			return catalog.NewStaleTeamError()
		}
		s.team = cloneTeam(team)
		return nil
	})
}

func cloneTeam(team catalog.Team) catalog.Team {
	team.Windows = team.Windows.Clone()
	return team
}
