package catalogapi

import (
	"context"
	"net/http"

	"waybill/internal/rest"
)

// health says that the function answers, and looks at nothing else.
func health(context.Context, *rest.Call) (rest.Answer, error) { return plainText("OK"), nil }

// version is plain text: clients take the whole body for the version.
func (k catalogAPI) version(context.Context, *rest.Call) (rest.Answer, error) {
	return plainText(k.opts.Version), nil
}

// teamBody is the one team there is, in the shape that clients expect of many.
type teamBody struct {
	ID           int     `json:"id"`
	Name         string  `json:"name"`
	Description  *string `json:"description"`
	PersonalTeam bool    `json:"personal_team"`
	ShowBoarding bool    `json:"show_boarding"`
	CreatedAt    *string `json:"created_at"`
	UpdatedAt    *string `json:"updated_at"`
}

// getTeam answers the team, which is the stack.
func (k catalogAPI) getTeam(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.OK(teamBody{Name: k.opts.Team}), nil
}

// listTeams answers a list of one, whatever the token.
func (k catalogAPI) listTeams(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.OK([]teamBody{{Name: k.opts.Team}}), nil
}

// plainText answers without quotes and without a line end: clients take the
// whole body for the value.
func plainText(text string) rest.Answer {
	return rest.Answer{Status: http.StatusOK, Text: []byte(text), ContentType: rest.PlainType}
}
