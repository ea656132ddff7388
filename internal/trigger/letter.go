package trigger

import (
	"maps"
	"slices"
	"strings"

	"waybill/internal/fault"
)

// newLetter returns the dead letter of a message with the public text of the error. Field is the
// first of the wrong fields, and the reason has the problem of each.
func newLetter(body string, why error) Letter {
	letter := Letter{Body: body, Reason: fault.Public(why)}
	problems := fault.Fields(why)
	var texts []string
	for _, field := range slices.Sorted(maps.Keys(problems)) {
		if letter.Field == "" {
			letter.Field = field
		}
		texts = append(texts, field+" "+strings.Join(problems[field], " and "))
	}
	if len(texts) > 0 {
		letter.Reason = strings.Join(texts, "; ") + "."
	}
	return letter
}
