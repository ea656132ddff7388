// Package trigger turns events into deployments: requests on the event bus, pushed images, new
// objects, schedules, pushes to git repositories and calls of webhooks. Every source ends as one
// [Event] in one queue. An event starts at most one deployment of a resource, and has a result
// for each resource that it concerns.
//
// The package knows neither AWS nor HTTP, except for the form of the events of EventBridge, which
// [Read] turns into events of Waybill's own.
package trigger

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Source is the way on which an event came. It is also the kind of the trigger of a deployment.
type Source string

// The sources.
const (
	Bus      Source = deployment.TriggerBus
	Image    Source = deployment.TriggerImage
	Object   Source = deployment.TriggerObject
	Schedule Source = deployment.TriggerSchedule
	Git      Source = deployment.TriggerGit
	Hook     Source = deployment.TriggerHook
)

// Version is the version of the form of an [Event] in the queue.
const Version = 1

// Event is one event, in the form in which it is in the queue and in the table. Exactly one of
// the members from Request on is set: the one of its source.
type Event struct {
	Version int `json:"v"`
	// ID is the key of idempotency. It begins with the source: "bus/…", "image/…",
	// "object/…", "schedule/SCHEDULE/DUE", "git/SHA256" or "hook/ID".
	ID     string `json:"id"`
	Source Source `json:"source"`
	// Time is when it happened. It decides which event is the newest. A time after the arrival
	// counts as the arrival.
	Time time.Time `json:"time"`
	// Causes are the deployments that led to the event.
	Causes []deployment.ID `json:"causes,omitempty"`

	Request  *Requested `json:"request,omitempty"`
	Image    *Pushed    `json:"image,omitempty"`
	Object   *Created   `json:"object,omitempty"`
	Schedule *Due       `json:"schedule,omitempty"`
	Push     *Push      `json:"push,omitempty"`
	Hook     *Called    `json:"hook,omitempty"`
}

// Requested is a request on the event bus. It names resources by exactly one of ResourceID, Tag
// and Name.
type Requested struct {
	Team       string               `json:"team"`
	ResourceID catalog.ID           `json:"resource_uuid,omitempty"`
	Tag        string               `json:"tag,omitempty"`
	Name       string               `json:"name,omitempty"`
	Operation  deployment.Operation `json:"operation"`
	Options    Options              `json:"options"`
}

// Options are the options of an operation that an event may set.
type Options struct {
	PullLatestImages bool   `json:"pull_latest_images,omitempty"`
	StopBeforeStart  bool   `json:"stop_before_start,omitempty"`
	Force            bool   `json:"force,omitempty"`
	DockerTag        string `json:"docker_tag,omitempty"`
	Commit           string `json:"commit,omitempty"`
	// After has the resources whose deployments must have finished before.
	After []catalog.ID `json:"after,omitempty"`
}

// Pushed is an image that was pushed to a registry.
type Pushed struct {
	Account    string `json:"account"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
}

// Created is an object that was created in a bucket. Version is "" in a bucket without versions.
type Created struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version,omitempty"`
	Size    int64  `json:"size"`
}

// Due is a schedule that is due. The schedule has the operation and its options.
type Due struct {
	ScheduleID string               `json:"schedule_uuid"`
	ResourceID catalog.ID           `json:"resource_uuid"`
	Due        time.Time            `json:"due"`
	Operation  deployment.Operation `json:"operation,omitempty"`
	Options    Options              `json:"options"`
}

// Push is a push to a git repository. Branch or GitTag is set.
type Push struct {
	ResourceID catalog.ID           `json:"resource_uuid"`
	Ref        string               `json:"ref"`
	Branch     string               `json:"branch,omitempty"`
	GitTag     string               `json:"git_tag,omitempty"`
	Commit     string               `json:"commit"`
	Message    string               `json:"message,omitempty"`
	Author     string               `json:"author,omitempty"`
	Paths      []string             `json:"paths,omitempty"`
	Provider   string               `json:"provider"`
	Operation  deployment.Operation `json:"operation,omitempty"`
	Options    Options              `json:"options"`
}

// Called is a call of the generic webhook of a resource.
type Called struct {
	ResourceID catalog.ID           `json:"resource_uuid"`
	Operation  deployment.Operation `json:"operation,omitempty"`
	Options    Options              `json:"options"`
}

// Encode returns the event as a message of the queue.
func Encode(event Event) ([]byte, error) {
	event.Version = Version
	text, err := json.Marshal(event)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode an event")
	}
	return text, nil
}

// Decode is the inverse of [Encode]. Invalid, naming the field, if the text is no event.
func Decode(text []byte) (Event, error) {
	var event Event
	if err := json.Unmarshal(text, &event); err != nil {
		return Event{}, fault.WrapField(err, fault.Invalid, "body", "is no event of Waybill")
	}
	return event, event.check()
}

// DecodeStored decodes an event that was stored. A refused one has no member of its source.
func DecodeStored(text []byte) (Event, error) {
	var event Event
	if err := json.Unmarshal(text, &event); err != nil {
		return Event{}, fault.Wrap(err, fault.Internal, "decode a stored event")
	}
	return event, nil
}

// check holds the event to what every event has.
func (e Event) check() error {
	id, is := strings.CutPrefix(e.ID, string(e.Source)+"/")
	members := 0
	for source, set := range map[Source]bool{Bus: e.Request != nil, Image: e.Image != nil,
		Object: e.Object != nil, Schedule: e.Schedule != nil, Git: e.Push != nil, Hook: e.Hook != nil} {
		if set {
			members++
			is = is && source == e.Source
		}
	}
	switch {
	case e.Version != Version:
		return fault.InvalidField("v", "must be %d", Version)
	case !is || members != 1 || id == "" || len(e.ID) > maxEventID:
		return fault.InvalidField("id", "must begin with the source of the event, such as bus/, of which "+
			"it has the member, and have at most %d characters", maxEventID)
	case e.Time.IsZero():
		return fault.InvalidField("time", "must be the time of the event")
	}
	return nil
}

// maxEventID leaves room in DynamoDB's longest key, which has 1,024 bytes.
const maxEventID = 512

// Short says in a few words which event it is, for the record of a deployment and for lists.
func (e Event) Short() string {
	switch {
	case e.Image != nil:
		return e.Image.Repository + ":" + e.Image.Tag
	case e.Object != nil:
		return strings.TrimSpace(e.Object.Bucket + "/" + e.Object.Key + " " + e.Object.Version)
	case e.Push != nil:
		return strings.TrimSpace(e.Push.Provider + " " + cmp.Or(e.Push.GitTag, e.Push.Branch, e.Push.Ref))
	case e.Schedule != nil:
		return e.Schedule.ScheduleID
	}
	_, id, _ := strings.Cut(e.ID, "/")
	return id
}

// name returns the name of the event in the record of a deployment. The end of a long one says
// more than its beginning.
func (e Event) name() string {
	name := e.Short()
	if len(name) <= deployment.MaxTriggerName {
		return name
	}
	const ellipsis = "…"
	cut := len(name) - deployment.MaxTriggerName + len(ellipsis)
	for cut < len(name) && name[cut]&0xC0 == 0x80 { // not inside of a character
		cut++
	}
	return ellipsis + name[cut:]
}

// Order is the place of an event among the events of a resource: by its time, then by its
// arrival, then by its id.
type Order struct {
	Time    time.Time
	Arrival time.Time
	ID      string
}

// Compare returns a negative number if the event comes before the other one.
func (o Order) Compare(other Order) int {
	return cmp.Or(o.Time.Compare(other.Time), o.Arrival.Compare(other.Arrival), cmp.Compare(o.ID, other.ID))
}
