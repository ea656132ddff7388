package trigger

import (
	"encoding/json"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// The events of EventBridge that [Read] knows, by their detail-type.
const (
	// RequestedType is the type of a request on the stack's own bus.
	RequestedType = "Deployment Requested"
	// pushedType and pushedSource are of ECR (AWS, "Amazon ECR events and EventBridge").
	pushedType   = "ECR Image Action"
	pushedSource = "aws.ecr"
	// createdType and createdSource are of S3 (AWS, "EventBridge event message structure").
	createdType   = "Object Created"
	createdSource = "aws.s3"
)

// envelope is an event of EventBridge.
type envelope struct {
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

// message has the members by which a message of the queue is recognised.
type message struct {
	Version    *int       `json:"v"`
	Wake       catalog.ID `json:"wake"`
	DetailType string     `json:"detail-type"`
}

// Read reads a message of the queue: an event in Waybill's own form, or an event of EventBridge,
// which it converts. Only Read knows the latter. Invalid, naming the field, if the message is
// none of these; the event then has an ID if the message has one. check is the one of
// [IntakeOptions].
func Read(body []byte, check func(json.RawMessage) error) (Event, error) {
	var known message
	if err := json.Unmarshal(body, &known); err != nil {
		return Event{}, fault.WrapField(err, fault.Invalid, "body", "must be a JSON object with an event")
	}
	if known.DetailType == "" {
		return Decode(body)
	}
	var raw envelope
	if err := json.Unmarshal(body, &raw); err != nil || raw.ID == "" || raw.Time.IsZero() {
		return Event{}, fault.WrapField(err, fault.Invalid, "body",
			"must be an event of EventBridge, with id, time, detail-type and detail")
	}
	var source Source
	var read func(envelope, *Event) error
	switch {
	case raw.DetailType == RequestedType:
		source, read = Bus, func(raw envelope, event *Event) error { return readRequested(raw, event, check) }
	case raw.DetailType == pushedType && raw.Source == pushedSource:
		source, read = Image, readPushed
	case raw.DetailType == createdType && raw.Source == createdSource:
		source, read = Object, readCreated
	default:
		return Event{}, fault.InvalidField("detail-type", "must be %q, or the one of an image of ECR or of "+
			"an object of S3", RequestedType)
	}
	event := Event{Version: Version, ID: string(source) + "/" + raw.ID, Source: source, Time: raw.Time}
	return event, read(raw, &event)
}

// readWake returns the resource of a message that [NewWake] made.
func readWake(body string) (resource catalog.ID, is bool) {
	var known message
	if json.Unmarshal([]byte(body), &known) != nil || known.Wake == "" {
		return "", false
	}
	id, err := catalog.ParseID(string(known.Wake))
	return id, err == nil && id.Kind().Deployable()
}

// NewWake returns the message that makes [Intake.Handle] look at the resource.
func NewWake(resource catalog.ID) string {
	text, _ := json.Marshal(map[string]catalog.ID{"wake": resource}) // a text always encodes
	return string(text)
}

// requestedDetail is the detail of a request on the bus.
type requestedDetail struct {
	Requested
	CausedBy causes `json:"caused_by"`
}

// causes are one uuid or a list of them.
type causes []deployment.ID

// UnmarshalJSON reads either form.
func (c *causes) UnmarshalJSON(text []byte) error {
	var one deployment.ID
	if json.Unmarshal(text, &one) == nil {
		*c = causes{one}
		return nil
	}
	var all []deployment.ID
	err := json.Unmarshal(text, &all)
	*c = all
	return err
}

// readRequested checks the detail against the schema.
func readRequested(raw envelope, event *Event, check func(json.RawMessage) error) error {
	if check == nil {
		return fault.New(fault.Internal, "requests on the bus cannot be checked")
	}
	if err := check(raw.Detail); err != nil {
		return err
	}
	var detail requestedDetail
	if err := json.Unmarshal(raw.Detail, &detail); err != nil {
		return fault.WrapField(err, fault.Invalid, "detail", "does not have the shape of its schema")
	}
	event.Request, event.Causes = &detail.Requested, detail.CausedBy
	return nil
}

// pushedDetail is the detail of an action on an image of ECR.
type pushedDetail struct {
	Action     string `json:"action-type"`
	Result     string `json:"result"`
	Repository string `json:"repository-name"`
	Tag        string `json:"image-tag"`
	Digest     string `json:"image-digest"`
}

func readPushed(raw envelope, event *Event) error {
	var detail pushedDetail
	if err := json.Unmarshal(raw.Detail, &detail); err != nil {
		return fault.WrapField(err, fault.Invalid, "detail", "must be an action on an image of ECR")
	}
	switch {
	case detail.Action != "PUSH":
		return fault.InvalidField("detail.action-type", "must be PUSH")
	case detail.Result != "SUCCESS":
		return fault.InvalidField("detail.result", "must be SUCCESS")
	case detail.Repository == "":
		return fault.InvalidField("detail.repository-name", "must be the repository of the image")
	}
	// An image that is pushed by its digest alone has no tag. No rule matches it.
	event.Image = &Pushed{Account: raw.Account, Repository: detail.Repository, Tag: detail.Tag,
		Digest: detail.Digest}
	return nil
}

// createdDetail is the detail of a new object of S3.
type createdDetail struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key     string `json:"key"`
		Size    int64  `json:"size"`
		Version string `json:"version-id"`
	} `json:"object"`
}

func readCreated(raw envelope, event *Event) error {
	var detail createdDetail
	if err := json.Unmarshal(raw.Detail, &detail); err != nil {
		return fault.WrapField(err, fault.Invalid, "detail", "must be a new object of S3")
	}
	switch {
	case detail.Bucket.Name == "":
		return fault.InvalidField("detail.bucket.name", "must be the bucket of the object")
	case detail.Object.Key == "":
		return fault.InvalidField("detail.object.key", "must be the key of the object")
	}
	event.Object = &Created{Bucket: detail.Bucket.Name, Key: detail.Object.Key,
		Version: detail.Object.Version, Size: detail.Object.Size}
	return nil
}
