package schedule

import (
	"encoding/json"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Message is what a [Clock] sends when a copy is due. It has its own source, so that the reader of the
// queue recognises it.
type Message struct {
	Source   string     `json:"source"`
	Schedule ID         `json:"schedule_uuid"`
	Resource catalog.ID `json:"resource_uuid"`
	// Due is the due time, or [DueAttribute] where the clock does not put it in.
	Due string `json:"due"`
}

// MessageSource is the Source of every [Message].
const MessageSource = "waybill.schedule"

// NewMessage returns the message of a copy.
func NewMessage(c Copy) Message {
	return Message{Source: MessageSource, Schedule: c.Schedule, Resource: c.Resource, Due: DueAttribute}
}

// IsMessage reports whether the text of a message in the queue is from a [Clock].
func IsMessage(text []byte) bool {
	var message Message
	return json.Unmarshal(text, &message) == nil && message.Source == MessageSource
}

// ReadMessage decodes the text of a message. Invalid, naming the field, if it is damaged.
func ReadMessage(text []byte) (Message, error) {
	var message Message
	if err := json.Unmarshal(text, &message); err != nil || message.Source != MessageSource {
		return Message{}, fault.WrapField(err, fault.Invalid, "source", "must be "+MessageSource)
	}
	if !IsID(string(message.Schedule)) {
		return Message{}, fault.InvalidField("schedule_uuid", "must be the uuid of a schedule")
	}
	if id, err := catalog.ParseID(string(message.Resource)); err != nil || !id.Kind().Deployable() {
		return Message{}, fault.InvalidField("resource_uuid", "must be the uuid of a resource")
	}
	if message.Due != DueAttribute {
		due, err := time.Parse(time.RFC3339, message.Due)
		if err != nil {
			return Message{}, fault.WrapField(err, fault.Invalid, "due", notATime)
		}
		message.Due = due.UTC().Truncate(time.Minute).Format(time.RFC3339)
	}
	return message, nil
}
