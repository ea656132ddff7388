package catalog

import (
	"fmt"
	"time"

	"waybill/internal/fault"
	"waybill/internal/window"
)

// Team has the settings of the team, which owns the whole catalog. The zero Team is the one of
// a stack in which they were never changed.
type Team struct {
	// Windows say when deployments may start at all.
	Windows   window.Set
	UpdatedAt time.Time
}

// CheckTeam validates the settings. The error is Invalid and lists every wrong field under its
// name in the API.
func CheckTeam(team Team) error {
	var wrong problems
	wrong.windows("", team.Windows)
	return wrong.Err()
}

// NewStaleTeamError is Conflict: the settings of the team changed after they were read.
func NewStaleTeamError() error {
	return fault.New(fault.Conflict,
		"The settings of the team were changed by someone else in the meantime. Read them again.")
}

// WindowsOf returns the windows that a start of the resource has to meet, with names for a
// reason.
func WindowsOf(resource Deployable, server *Server, team Team) []window.Owner {
	meta := resource.Common()
	own := window.Owner{Name: fmt.Sprintf("the %s %s", meta.ID.Kind(), meta.Name),
		Set: resource.Shared().Windows}
	return append([]window.Owner{own}, WindowsOfServer(server, team)...)
}

// WindowsOfServer returns the windows that a start on the server has to meet, whatever the
// resource.
func WindowsOfServer(server *Server, team Team) []window.Owner {
	return []window.Owner{
		{Name: "the server " + server.Name, Set: server.Windows},
		{Name: "the team", Set: team.Windows},
	}
}

// windows checks a set of windows, whose fields begin with the prefix in the API.
func (p *problems) windows(prefix string, set window.Set) {
	for field, texts := range fault.Fields(set.Check(prefix)) {
		for _, text := range texts {
			p.Add(field, "%s", text)
		}
	}
	for i, freeze := range set.Freeze[:min(len(set.Freeze), window.MaxFreezes)] {
		if !IsLine(freeze.Reason, window.MaxReason) {
			p.Add(fmt.Sprintf("%sfreeze.%d.reason", prefix, i), "must be one line of at most %d characters",
				window.MaxReason)
		}
	}
}

func measuredWindows(set window.Set) int {
	if set.IsZero() {
		return 0
	}
	return windowsBytes + set.Bytes() + len(set.Allow)*elementBytes + len(set.Freeze)*freezeBytes
}
