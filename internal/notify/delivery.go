package notify

import (
	"context"
	"time"

	"waybill/internal/catalog"
)

// DeliveryStatus is how far a message has come.
type DeliveryStatus string

// The statuses.
const (
	// Delivered says that the target has taken the message.
	Delivered DeliveryStatus = "delivered"
	// Retrying says that it will be sent again.
	Retrying DeliveryStatus = "retrying"
	// Dead says that it will not be sent again, and is a dead letter.
	Dead DeliveryStatus = "dead"
)

// Over reports whether the message is not sent any more.
func (s DeliveryStatus) Over() bool { return s == Delivered || s == Dead }

// Delivery is one message and its latest attempt.
type Delivery struct {
	// ID is the job's, and At is when it happened.
	ID           string
	Notification catalog.ID
	Event        catalog.NotificationEvent
	Deployment   string
	At           time.Time
	Status       DeliveryStatus
	Attempts     int
	// Code is the status of the target's answer, 0 without one. Response is the beginning of
	// its text, or why there was no answer; both are harmless to show.
	Code      int
	Response  string
	UpdatedAt time.Time
	// NextAt is when it is sent again, zero if it is not.
	NextAt time.Time
}

// DeliveryDays is how long deliveries and marks are kept.
const DeliveryDays = 30

// Deliveries stores the deliveries of messages for [DeliveryDays]. Every method may be called
// concurrently.
type Deliveries interface {
	DeliveryReader
	// Find returns the delivery of the job. Without one it returns a zero Status.
	Find(ctx context.Context, job Job) (Delivery, error)
	// Put stores the delivery in place of the one with the same notification, time and id. A
	// delivery that is over stays as it is.
	Put(ctx context.Context, delivery Delivery) error
}

// DeliveryReader lists deliveries.
type DeliveryReader interface {
	// List returns the newest deliveries of a notification, newest first.
	List(ctx context.Context, notification catalog.ID, limit int) ([]Delivery, error)
}

// newDelivery returns the delivery of a job that was never tried.
func newDelivery(job Job) Delivery {
	return Delivery{ID: job.ID, Notification: job.Notification, Event: job.Event,
		Deployment: string(job.Facts.Deployment), At: job.At}
}
