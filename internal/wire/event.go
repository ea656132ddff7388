package wire

import (
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/trigger"
)

// Event is an event from outside, with its results. Of Image, Object and Push, the one of its
// source is set.
type Event struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Name   string `json:"name"`
	// Time is when it happened, and at most ReceivedAt, when it arrived.
	Time       string        `json:"time"`
	ReceivedAt string        `json:"received_at"`
	CausedBy   []string      `json:"caused_by"`
	Image      *EventImage   `json:"image"`
	Object     *EventObject  `json:"object"`
	Push       *EventPush    `json:"push"`
	Results    []EventResult `json:"results"`
}

// EventImage is a pushed image.
type EventImage struct {
	Account    string `json:"account"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
}

// EventObject is a new object.
type EventObject struct {
	Bucket  string  `json:"bucket"`
	Key     string  `json:"key"`
	Version *string `json:"version"`
	Size    int64   `json:"size"`
}

// EventPush is a push to a git repository.
type EventPush struct {
	Provider string `json:"provider"`
	Ref      string `json:"ref"`
	Commit   string `json:"commit"`
	Message  string `json:"message"`
	Author   string `json:"author"`
}

// EventResult is the result of an event for one resource, or for the event as a whole.
type EventResult struct {
	ResourceUUID   *string `json:"resource_uuid"`
	Result         string  `json:"result"`
	Reason         *string `json:"reason"`
	DeploymentUUID *string `json:"deployment_uuid"`
	MergedInto     *string `json:"merged_into"`
	WaitsUntil     *string `json:"waits_until"`
	At             string  `json:"at"`
}

// FromReceived returns the event with its results for the resources.
func FromReceived(received trigger.Received, resources map[catalog.ID]bool) Event {
	body := Event{ID: received.ID, Source: string(received.Source), Name: received.Short(),
		Time: Timestamp(received.Time), ReceivedAt: Timestamp(received.Arrival),
		CausedBy: []string{}, Results: []EventResult{}}
	for _, cause := range received.Causes {
		body.CausedBy = append(body.CausedBy, string(cause))
	}
	if image := received.Image; image != nil {
		body.Image = new(EventImage(*image))
	}
	if object := received.Object; object != nil {
		body.Object = &EventObject{object.Bucket, object.Key, TextOrNull(object.Version), object.Size}
	}
	if push := received.Push; push != nil {
		body.Push = &EventPush{push.Provider, push.Ref, push.Commit, push.Message, push.Author}
	}
	for _, resource := range slices.Sorted(maps.Keys(received.Results)) {
		if !resources[resource] {
			continue
		}
		result := received.Results[resource]
		body.Results = append(body.Results, EventResult{TextOrNull(string(resource)), string(result.Outcome),
			TextOrNull(result.Reason), TextOrNull(string(result.Deployment)), TextOrNull(result.Into),
			TimestampOrNull(result.Until), Timestamp(result.At)})
	}
	return body
}
