package catalogapi

import (
	"context"
	"net/http"

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
	return rest.OK(teamBody{Name: a.opts.Team}), nil
}

// listTeams answers a list of one, whatever the token.
func (a catalogAPI) listTeams(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.OK([]teamBody{{Name: a.opts.Team}}), nil
}

// plainText answers without quotes and without a line end, because clients use
// the whole body as the value.
func plainText(text string) rest.Answer {
	return rest.Answer{Status: http.StatusOK, Text: []byte(text), ContentType: rest.PlainType}
}
