package wire

import (
	"bytes"
	"encoding/json"

	"waybill/internal/window"
)

// Windows are the deployment windows of a resource, a server or the team.
type Windows struct {
	Allow  Texts    `json:"allow"`
	Freeze []Freeze `json:"freeze"`
	// Outside is "wait" or "drop"; "" means "wait".
	Outside string `json:"outside"`
}

// Freeze is a time without deployments.
type Freeze struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

// Texts is a list of texts, which may be given as one text.
type Texts []string

// UnmarshalJSON reads a list, or one text as a list of one.
func (t *Texts) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte{'"'}) {
		*t = make(Texts, 1)
		return json.Unmarshal(text, &(*t)[0])
	}
	var list []string
	err := json.Unmarshal(text, &list)
	*t = list
	return err
}

// FromWindows returns the windows as every reader sees them.
func FromWindows(set window.Set) Windows {
	shown := Windows{Allow: append(Texts{}, set.Allow...), Freeze: []Freeze{}, Outside: string(window.Wait)}
	for _, freeze := range set.Freeze {
		shown.Freeze = append(shown.Freeze, Freeze(freeze))
	}
	if set.Outside != "" {
		shown.Outside = string(set.Outside)
	}
	return shown
}

// Set is the inverse of [FromWindows].
func (w Windows) Set() window.Set {
	set := window.Set{Allow: w.Allow, Outside: window.Outside(w.Outside)}
	for _, freeze := range w.Freeze {
		set.Freeze = append(set.Freeze, window.Freeze(freeze))
	}
	if set.Outside == window.Wait { // the default has one form
		set.Outside = ""
	}
	return set
}

// Opening says whether a deployment may start now, or else when.
type Opening struct {
	WindowOpen bool `json:"window_open"`
	// NextOpening is null while the window is open, and if it does not open within a year.
	NextOpening *string `json:"next_opening"`
}

// FromVerdict returns the opening of a verdict.
func FromVerdict(verdict window.Verdict) Opening {
	if verdict.Open {
		return Opening{WindowOpen: true}
	}
	return Opening{NextOpening: TimestampOrNull(verdict.Next)}
}
