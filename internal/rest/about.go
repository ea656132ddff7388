package rest

import (
	"context"
	"net/http"
)

// Version is the upstream version whose API this is. Its clients compare it:
// below 4.0.0-beta.471 they refuse to send some requests at all.
const Version = "4.3.11"

// health says that the function answers, and looks at nothing else.
func health(context.Context, *call) (answer, error) { return plainText("OK"), nil }

// version is plain text: clients take the whole body for the version.
func (k keeper) version(context.Context, *call) (answer, error) {
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
func (k keeper) getTeam(context.Context, *call) (answer, error) {
	return ok(teamBody{Name: k.opts.Team}), nil
}

// listTeams answers a list of one, whatever the token.
func (k keeper) listTeams(context.Context, *call) (answer, error) {
	return ok([]teamBody{{Name: k.opts.Team}}), nil
}

// plainText answers without quotes and without a line end: clients take the
// whole body for the value.
func plainText(text string) answer {
	return answer{status: http.StatusOK, text: []byte(text), contentType: plainType}
}
