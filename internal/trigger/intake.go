package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/schedule"
)

// Ports are what an [Intake] works with.
type Ports struct {
	Store Store
	// Catalog has the resources with their rules.
	Catalog catalog.Reader
	// Schedules are the definitions of the schedules.
	Schedules schedule.Reader
	// Records are the deployments that events carry.
	Records Records
	// Requests queues deployments.
	Requests Requests
	// Queue is the queue of events.
	Queue Waker
	// Letters are the dead letters.
	Letters Letters
}

// Records reads deployments. [deployment.History] does.
type Records interface {
	// Get returns the record, or NotFound.
	Get(ctx context.Context, id deployment.ID) (deployment.Record, error)
	// List returns the deployments of a resource, the newest first.
	List(ctx context.Context, resource catalog.ID, page deployment.Page) (deployment.Listing, error)
}

// Requests queues deployments, as [deployment.Requests] does. All requests with one id are one
// request.
type Requests interface {
	Request(ctx context.Context, request deployment.Request) (deployment.Receipt, error)
}

// Waker sends messages to the queue of events.
type Waker interface {
	// Wake sends a message that makes [Intake.Handle] look at the resource after the delay, of at
	// most [MaxDelay].
	Wake(ctx context.Context, resource catalog.ID, delay time.Duration) error
}

// MaxDelay is the longest delay of a message of a queue (AWS, "Amazon SQS delay queues").
const MaxDelay = 15 * time.Minute

// Letters takes messages that cannot be handled, for a person to read.
type Letters interface {
	// Bury stores the letter at least once.
	Bury(ctx context.Context, letter Letter) error
}

// Letter is a dead letter.
type Letter struct {
	// Body is the message as it came, or the event.
	Body string
	// Reason is one sentence. Field is the field of the event that is wrong, or "".
	Reason string
	Field  string
	// Event is the id of the event, and Resource the resource that it was for, or "".
	Event    string
	Resource catalog.ID
}

// Intake turns events into deployments. It is safe for use by several goroutines, and several
// may work with one store.
type Intake struct {
	Ports
	opts IntakeOptions
}

// IntakeOptions adjust [NewIntake].
type IntakeOptions struct {
	// Team is the team of the stack. Requests on the bus for another one are refused.
	Team string
	// Now defaults to the clock.
	Now func() time.Time
	// Log gets a line for each event that no resource declares. It defaults to none.
	Log *slog.Logger
	// CheckRequest checks the detail of a request on the bus: Invalid, naming each wrong field.
	// Without it, such requests are Internal.
	CheckRequest func(detail json.RawMessage) error
}

// NewIntake returns the use case over the ports.
func NewIntake(ports Ports, opts IntakeOptions) *Intake {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Intake{Ports: ports, opts: opts}
}

// Handle handles one message of the queue: an event of any form, or the wish to look at a
// resource again. After an error the message must come again. A message that can never be
// handled is no error; it becomes a dead letter.
func (i *Intake) Handle(ctx context.Context, body string) error {
	return i.HandleSent(ctx, body, i.opts.Now())
}

// HandleSent is [Intake.Handle] for a message that was sent at the time. Each delivery of a message
// has the same time.
func (i *Intake) HandleSent(ctx context.Context, body string, sent time.Time) error {
	if resource, is := readWake(body); is {
		return i.Advance(ctx, resource)
	}
	if schedule.IsMessage([]byte(body)) {
		return i.due(ctx, body, sent)
	}
	event, err := Read([]byte(body), i.opts.CheckRequest)
	if err == nil && event.Request != nil && event.Request.Team != i.opts.Team {
		err = fault.InvalidField("detail.team", "must be %s, the team of this stack", i.opts.Team)
	}
	if errors.Is(err, fault.Invalid) {
		return i.refuse(ctx, event, body, err)
	}
	if err != nil {
		return err
	}
	return i.accept(ctx, event, body)
}

// accept stores the event, and gives it to each resource that it concerns.
func (i *Intake) accept(ctx context.Context, event Event, body string) error {
	targets, err := i.find(ctx, event)
	found := len(targets)
	var looped []target
	if err == nil {
		targets, looped, err = i.chain(ctx, event, targets)
	}
	if errors.Is(err, fault.Invalid) {
		return i.refuse(ctx, event, body, err)
	}
	if err != nil {
		return err
	}
	if found == 0 { // an image or an object that is none of the stack's
		i.opts.Log.InfoContext(ctx, Unmatched, "source", string(event.Source))
		return nil
	}
	received, err := i.Store.Receive(ctx, event, i.opts.Now())
	if err != nil || received.Settled {
		return err
	}
	var failed error
	for _, target := range looped {
		failed = errors.Join(failed, i.breakLoop(ctx, received, body, target))
	}
	for _, target := range targets {
		if _, has := received.Results[target.resource]; !has {
			failed = errors.Join(failed, i.give(ctx, received, target))
		}
	}
	if failed != nil {
		return failed
	}
	if err := i.Store.Record(ctx, received.ID, nil, true); err != nil {
		return err
	}
	for _, target := range targets {
		failed = errors.Join(failed, i.Advance(ctx, target.resource))
	}
	return failed
}

// Unmatched is the line of the operator's log for an image or an object that no resource
// declares. The stack counts these lines.
const Unmatched = "no resource declares the event"

// refuse makes a dead letter of a message that can never be handled. An event with an id is also
// listed with its result.
func (i *Intake) refuse(ctx context.Context, event Event, body string, why error) error {
	letter := newLetter(body, why)
	letter.Event = event.ID
	if event.ID == "" {
		return i.Letters.Bury(ctx, letter)
	}
	received, err := i.Store.Receive(ctx, event, i.opts.Now())
	if err != nil || received.Settled {
		return err
	}
	if len(received.Results) > 0 { // it was in order when it came first
		return i.Store.Record(ctx, received.ID, nil, true)
	}
	if err := i.Letters.Bury(ctx, letter); err != nil {
		return err
	}
	return i.Store.Record(ctx, received.ID,
		map[catalog.ID]Result{"": i.result(Result{Outcome: Dead, Reason: letter.Reason})}, true)
}

// result completes a result with the present time.
func (i *Intake) result(result Result) Result {
	result.At = i.opts.Now().UTC().Truncate(time.Microsecond)
	result.Until = result.Until.UTC().Truncate(time.Microsecond)
	return result
}

// tickSlots is how many due resources one tick handles.
const tickSlots = 1000

// Tick starts the events that are due, whatever messages were lost.
func (i *Intake) Tick(ctx context.Context) error {
	due, err := i.Store.Due(ctx, i.opts.Now(), tickSlots)
	for _, resource := range due {
		err = errors.Join(err, i.Advance(ctx, resource))
	}
	return err
}
