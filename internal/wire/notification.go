package wire

import (
	"cmp"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/notify"
)

// Notification is a notification on the wire. Only the answer that creates a webhook has its
// signing secret.
type Notification struct {
	UUID        string   `json:"uuid"`
	Name        string   `json:"name"`
	Description *string  `json:"description"`
	Kind        string   `json:"kind"`
	Target      string   `json:"target"`
	Events      []string `json:"events"`
	Kinds       []string `json:"kinds"`
	Tags        []string `json:"tags"`
	Resources   []string `json:"resources"`
	Enabled     bool     `json:"enabled"`
	StuckAfter  int      `json:"stuck_after"`
	// Confirmed is null for all kinds but e-mail.
	Confirmed *bool   `json:"confirmed"`
	Secret    *string `json:"secret,omitempty"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
}

// FromNotification returns a notification without its secrets.
func FromNotification(n *catalog.Notification) Notification {
	return Notification{
		UUID:        string(n.ID),
		Name:        n.Name,
		Description: TextOrNull(n.Description),
		Kind:        string(n.Channel),
		Target:      n.Target,
		Events:      plainTexts(n.Events),
		Kinds:       plainTexts(n.Kinds),
		Tags:        plainTexts(n.Tags),
		Resources:   plainTexts(n.ResourceIDs),
		Enabled:     !n.Disabled,
		StuckAfter:  int(n.StuckAfter / time.Second),
		CreatedAt:   Timestamp(n.CreatedAt),
		UpdatedAt:   Timestamp(n.UpdatedAt),
	}
}

// NotificationInput creates or changes a notification. A nil field stays as it is. Kind is only
// for a new one.
type NotificationInput struct {
	Kind        string    `json:"kind"`
	Name        *string   `json:"name"`
	Description *string   `json:"description"`
	Target      *string   `json:"target"`
	Secret      *string   `json:"secret"`
	Events      *[]string `json:"events"`
	Kinds       *[]string `json:"kinds"`
	Tags        *[]string `json:"tags"`
	Resources   *[]string `json:"resources"`
	Enabled     *bool     `json:"enabled"`
	StuckAfter  *int      `json:"stuck_after"`
}

// ApplyTo returns the notification with the fields of the input, except its target and its secret.
func (i NotificationInput) ApplyTo(n catalog.Notification) *catalog.Notification {
	n.Description = setOr(i.Description, n.Description)
	n.Name = cmp.Or(setOr(i.Name, n.Name), string(n.Channel))
	setTexts(i.Events, &n.Events)
	setTexts(i.Kinds, &n.Kinds)
	setTexts(i.Tags, &n.Tags)
	setTexts(i.Resources, &n.ResourceIDs)
	if i.Enabled != nil {
		n.Disabled = !*i.Enabled
	}
	if i.StuckAfter != nil {
		n.StuckAfter = time.Duration(*i.StuckAfter) * time.Second
	}
	return &n
}

// plainTexts never returns nil, so that an empty list is encoded as [].
func plainTexts[T ~string](all []T) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = string(one)
	}
	return texts
}

// setTexts replaces a list by the given one, if one is given.
func setTexts[T ~string](given *[]string, list *[]T) {
	if given == nil {
		return
	}
	*list = make([]T, len(*given))
	for i, text := range *given {
		(*list)[i] = T(text)
	}
}

// Delivery is a message of a notification and its latest attempt.
type Delivery struct {
	ID             string  `json:"id"`
	Event          string  `json:"event"`
	DeploymentUUID *string `json:"deployment_uuid"`
	Status         string  `json:"status"`
	Attempts       int     `json:"attempts"`
	ResponseCode   *int    `json:"response_code"`
	Response       *string `json:"response"`
	CreatedAt      string  `json:"created_at"`
	UpdatedAt      string  `json:"updated_at"`
	NextAttemptAt  *string `json:"next_attempt_at"`
}

// FromDelivery returns a delivery.
func FromDelivery(d notify.Delivery) Delivery {
	body := Delivery{
		ID:             d.ID,
		Event:          string(d.Event),
		DeploymentUUID: TextOrNull(d.Deployment),
		Status:         string(d.Status),
		Attempts:       d.Attempts,
		Response:       TextOrNull(d.Response),
		CreatedAt:      Timestamp(d.At),
		UpdatedAt:      Timestamp(d.UpdatedAt),
		NextAttemptAt:  TimestampOrNull(d.NextAt),
	}
	if d.Code != 0 {
		body.ResponseCode = &d.Code
	}
	return body
}
