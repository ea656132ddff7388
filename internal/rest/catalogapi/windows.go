package catalogapi

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/window"
	"waybill/internal/wire"
)

// teamWindowsBody are the deployment windows of the team.
type teamWindowsBody struct {
	wire.Windows
	wire.Opening
	UpdatedAt *string `json:"updated_at"`
}

// getTeamWindows answers the windows of the team.
func (a catalogAPI) getTeamWindows(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	team, err := a.Store.Team(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	return a.teamWindowsAnswer(team)
}

func (a catalogAPI) teamWindowsAnswer(team catalog.Team) (rest.Answer, error) {
	opening, err := a.opening(window.Owner{Name: "the team", Set: team.Windows})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(teamWindowsBody{wire.FromWindows(team.Windows), opening,
		wire.TimestampOrNull(team.UpdatedAt)}), nil
}

// opening says whether all owners are open now, or else when.
func (a catalogAPI) opening(owners ...window.Owner) (wire.Opening, error) {
	verdict, err := window.Check(a.opts.Now(), owners...)
	return wire.FromVerdict(verdict), err
}

// updateTeamWindows changes the windows of the team. A change names only the fields that it
// changes, so one that meets another is made again.
func (a catalogAPI) updateTeamWindows(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	for attempt := 1; ; attempt++ {
		team, err := a.changeTeamWindows(ctx, c)
		switch {
		case fault.KindOf(err) == fault.Conflict && attempt < maxAttempts:
			continue
		case err != nil:
			return rest.Answer{}, err
		}
		return a.teamWindowsAnswer(team)
	}
}

// changeTeamWindows stores the change that the call asks for, unless it changes nothing.
func (a catalogAPI) changeTeamWindows(ctx context.Context, c *rest.Call) (catalog.Team, error) {
	team, err := a.Store.Team(ctx)
	if err != nil {
		return team, err
	}
	was, present := team.UpdatedAt, wire.FromWindows(team.Windows)
	given, err := mergeWindows(present, c.Body)
	if err != nil {
		return team, err
	}
	team.Windows = given.Set()
	if err := catalog.CheckTeam(team); err != nil {
		return team, err
	}
	fields, err := changedMembers(present, wire.FromWindows(team.Windows))
	if err != nil || len(fields) == 0 {
		return team, err
	}
	if team.UpdatedAt = a.opts.RecordTime(); !team.UpdatedAt.After(was) { // the time tells the versions apart
		team.UpdatedAt = was.Add(time.Microsecond)
	}
	entry, err := c.Entry(audit.Update, audit.Target{
		Kind: audit.KindTeam, ID: strconv.Itoa(teamID), Name: a.opts.Team}, fields...)
	if err != nil {
		return team, err
	}
	return team, a.Store.UpdateTeam(ctx, team, was, entry)
}

// mergeWindows returns the windows with the patch merged in. Null sets the default.
func mergeWindows(present wire.Windows, patch []byte) (wire.Windows, error) {
	all, err := wire.Members(present)
	if err != nil {
		return wire.Windows{}, err
	}
	changes, err := wire.Decode[map[string]json.RawMessage](patch)
	if err != nil {
		return wire.Windows{}, err
	}
	maps.Copy(all, changes)
	body, err := json.Marshal(all)
	if err != nil {
		return wire.Windows{}, fault.Wrap(err, fault.Internal, "put a body together")
	}
	return wire.Decode[wire.Windows](body)
}
