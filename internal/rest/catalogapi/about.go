package catalogapi

import (
	"context"
	"net/http"
	"strconv"

	"waybill/internal/rest"
)

// health answers without checking anything else.
func health(context.Context, *rest.Call) (rest.Answer, error) { return plainText("OK"), nil }

// version answers the upstream version whose API this is.
func (a catalogAPI) version(context.Context, *rest.Call) (rest.Answer, error) {
	return plainText(a.opts.Version), nil
}

// teamBody is the team of the stack, in upstream's form.
type teamBody struct {
	ID           int     `json:"id"`
	Name         string  `json:"name"`
	Description  *string `json:"description"`
	PersonalTeam bool    `json:"personal_team"`
	ShowBoarding bool    `json:"show_boarding"`
	CreatedAt    *string `json:"created_at"`
	UpdatedAt    *string `json:"updated_at"`
}

// getTeam answers the one team of the stack.
func (a catalogAPI) getTeam(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.OK(a.team()), nil
}

// teamID is the id of the one team. Existing clients take 0 for a missing id.
const teamID = 1

func (a catalogAPI) team() teamBody { return teamBody{ID: teamID, Name: a.opts.Team} }

// getTeamByID answers the one team, and NotFound for any other id.
func (a catalogAPI) getTeamByID(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	if c.Params["team"] != strconv.Itoa(teamID) {
		return rest.Answer{}, rest.NewNotFoundError("Team")
	}
	return a.getTeam(ctx, c)
}

// listMembers answers an empty list: a team has tokens, not people.
func (a catalogAPI) listMembers(_ context.Context, c *rest.Call) (rest.Answer, error) {
	if id, named := c.Params["team"]; named && id != strconv.Itoa(teamID) {
		return rest.Answer{}, rest.NewNotFoundError("Team")
	}
	return emptyList(), nil
}

// emptyList is the answer where existing clients ask for things that Waybill does not have.
func emptyList() rest.Answer { return rest.OK([]struct{}{}) }

// listDestinations answers an empty list: Waybill has no destinations.
func listDestinations(context.Context, *rest.Call) (rest.Answer, error) { return emptyList(), nil }

// listTeams answers a list of one, whatever the token.
func (a catalogAPI) listTeams(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.OK([]teamBody{a.team()}), nil
}

// plainText answers without quotes and without a line end, because clients use
// the whole body as the value.
func plainText(text string) rest.Answer {
	return rest.Answer{Status: http.StatusOK, Text: []byte(text), ContentType: rest.PlainType}
}
