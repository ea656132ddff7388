// Package triggerapi has the endpoints of the trigger function: the deliveries of git forges, and of
// other systems that follow Standard Webhooks. No request has a token. Each has a signature over
// its body, which is checked before anything else is done with it.
package triggerapi

import (
	"context"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/trigger"
	"waybill/internal/webhook"
)

// Ports are the dependencies of the endpoints.
type Ports struct {
	Store catalog.Reader
	// Keys has the key that the secrets of webhooks are derived from.
	Keys  webhook.Keys
	Queue Queue
}

// Queue takes the events that deliveries become.
type Queue interface {
	// Send sends an event, which is delivered at least once.
	Send(ctx context.Context, event trigger.Event) error
}

// maxDeliveries is how many signed deliveries a minute are taken for one resource, in each warm
// function. A team pushes far less often; a sender in a loop does not.
const maxDeliveries = 60

// New returns the handler of the endpoints. It fails as [rest.NewHandler] does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	keys, err := webhook.NewCache(ports.Keys, opts.Now, opts.Random)
	if err != nil {
		return nil, err
	}
	a := triggerAPI{Ports: ports, keys: keys, opts: opts,
		throttle: access.NewThrottle(maxDeliveries, "deliveries for this resource")}
	return rest.NewHandler(rest.Function{Name: "trigger", Endpoints: map[string]rest.Endpoint{
		"receiveGitHub":    a.receive(webhook.GitHub),
		"receiveGitLab":    a.receive(webhook.GitLab),
		"receiveGitea":     a.receive(webhook.Gitea),
		"receiveBitbucket": a.receive(webhook.Bitbucket),
		"receiveGeneric":   a.receive(webhook.Generic),
	}}, opts)
}

// triggerAPI has the endpoints as methods.
type triggerAPI struct {
	Ports
	keys     *webhook.Cache
	throttle *access.Throttle
	opts     rest.Options
}
