// Package memory implements every port in memory, for tests: the tables, the bucket,
// the queue and the parameter store. It follows the same rules as the adapters and
// passes the same contract suites.
package memory

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/idempotency"
	"waybill/internal/logbook"
	"waybill/internal/notify"
	"waybill/internal/schedule"
	"waybill/internal/snapshot"
	"waybill/internal/statistics"
	"waybill/internal/trigger"
	"waybill/internal/webhook"
)

// Options adjust [New]; the zero value works.
type Options struct{}

// Memory guards all data with one mutex. It copies everything that goes in or out, so
// that a caller's pointer cannot change stored data.
type Memory struct {
	mu        sync.Mutex
	entities  map[catalog.ID]catalog.Entity
	states    map[catalog.ID]*catalog.State
	remains   map[catalog.ID]*catalog.State // of deleted resources
	servers   map[catalog.ID]*server
	team      catalog.Team
	secrets   map[secretKey][]byte
	discards  []catalog.DiscardedSecrets
	tokens    map[string]access.Token
	uses      map[string]time.Time // of tokens
	audit     map[audit.ID]audit.Entry
	records   map[deployment.ID]deployment.Record
	finished  map[catalog.ID][]deployment.FinishedID
	removed   map[catalog.ID]string             // the place of the last removal
	removals  int                               // so far
	waiters   map[deployment.ID][]deployment.ID // by the deployment that they wait for
	requests  map[string]request
	keys      map[string]idempotency.Key
	sessions  map[catalog.ID]map[string]time.Time // the ends of the places, by their holders
	schedules map[catalog.ID]schedule.Set
	events    map[string]trigger.Received
	slots     map[catalog.ID]trigger.Slot
	changes   []deployment.Change
	chunks    map[logbook.Book]map[int]logbook.Chunk
	sections  map[logbook.Book][]storedSection
	snapshots map[string]snapshot.Snapshot
	excerpts  map[deployment.ID]string
	messages  map[catalog.ID]map[string]notify.Delivery
	marks     map[string]mark
	hookKey   *webhook.Key
	sender    Sender
	feed      Feed
	publisher Publisher
	clock     Clock
}

// server is the queue, the running set and the waiting deployments of a server.
type server struct {
	queue   []deployment.ID
	running []deployment.ID
	waiting []deployment.ID
	health  catalog.Health
}

// request is the deployment for a [deployment.RequestKey], and until when it counts.
type request struct {
	id    deployment.ID
	until time.Time
}

// New returns an empty Memory.
func New(Options) *Memory {
	return &Memory{
		entities: map[catalog.ID]catalog.Entity{},
		states:   map[catalog.ID]*catalog.State{},
		remains:  map[catalog.ID]*catalog.State{},
		servers:  map[catalog.ID]*server{},
		secrets:  map[secretKey][]byte{},
		tokens:   map[string]access.Token{},
		uses:     map[string]time.Time{},
		audit:    map[audit.ID]audit.Entry{},
		records:  map[deployment.ID]deployment.Record{},
		finished: map[catalog.ID][]deployment.FinishedID{},
		removed:  map[catalog.ID]string{},
		waiters:  map[deployment.ID][]deployment.ID{},
		requests: map[string]request{},
		keys:     map[string]idempotency.Key{},
		sessions: map[catalog.ID]map[string]time.Time{},
		events:   map[string]trigger.Received{},
		slots:    map[catalog.ID]trigger.Slot{},
		chunks:   map[logbook.Book]map[int]logbook.Chunk{},
		sections: map[logbook.Book][]storedSection{},

		schedules: map[catalog.ID]schedule.Set{},
		snapshots: map[string]snapshot.Snapshot{},
		excerpts:  map[deployment.ID]string{},
		messages:  map[catalog.ID]map[string]notify.Delivery{},
		marks:     map[string]mark{},
	}
}

// Catalog returns the entities.
func (m *Memory) Catalog() catalog.Store { return store{m} }

// Vault returns the secrets.
func (m *Memory) Vault() catalog.Vault { return vault{m} }

// Sessions returns the sessions with servers.
func (m *Memory) Sessions() catalog.Sessions { return sessions{m} }

// Tokens returns the bearer tokens and their last uses.
func (m *Memory) Tokens() access.Tokens { return tokens{m} }

// Audit returns the record of who changed what.
func (m *Memory) Audit() audit.Log { return auditLog{m} }

// IdempotencyKeys returns the keys of requests.
func (m *Memory) IdempotencyKeys() idempotency.Store { return idempotencyKeys{m} }

// Schedules returns the schedules of resources.
func (m *Memory) Schedules() interface {
	schedule.Store
	schedule.Lister
} {
	return schedules{m}
}

// Ledger returns the port that changes deployments.
func (m *Memory) Ledger() deployment.Ledger { return ledger{m} }

// History returns the port that reads deployments.
func (m *Memory) History() deployment.History { return history{m} }

// Storage returns the port that tells what deployments take.
func (m *Memory) Storage() deployment.StorageReader { return history{m} }

// Statistics returns the port that statistics are made of.
func (m *Memory) Statistics() statistics.Reader { return rollups{m} }

// Archive returns the logs.
func (m *Memory) Archive() logbook.Rewriter { return archive{m} }

// Index returns the older sections of the indexes of logs.
func (m *Memory) Index() logbook.IndexStore { return index{m} }

// Log returns where the log of a deployment is.
func (m *Memory) Log(id deployment.ID) logbook.Log {
	return logbook.Log{Book: id.Book(), Archive: m.Archive(), Index: m.Index()}
}

// Snapshots returns the configurations of deployments.
func (m *Memory) Snapshots() snapshot.Archive { return snapshots{m} }

// Deliveries returns the deliveries of messages and the marks of stuck deployments.
func (m *Memory) Deliveries() Deliveries { return Deliveries{m} }

// Excerpts returns the excerpts of failed deployments.
func (m *Memory) Excerpts() Excerpts { return Excerpts{m} }

// Sender returns the queue to the runners.
func (m *Memory) Sender() *Sender { return &m.sender }

// Feed returns the feed of changes.
func (m *Memory) Feed() *Feed { return &m.feed }

// Publisher returns the event bus.
func (m *Memory) Publisher() *Publisher { return &m.publisher }

// Clock returns the clock of the schedules.
func (m *Memory) Clock() *Clock { return &m.clock }

// Changes returns the changes of records' statuses since the last call, in
// order, as the tables' streams would deliver them.
func (m *Memory) Changes() []deployment.Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes := m.changes
	m.changes = nil
	return changes
}

// Expire removes the records that have expired, as DynamoDB does some time after their
// date, and returns their removals, as the tables' streams would deliver them.
func (m *Memory) Expire(now time.Time) []deployment.Removal {
	m.mu.Lock()
	defer m.mu.Unlock()
	var removals []deployment.Removal
	for _, id := range slices.Sorted(maps.Keys(m.records)) {
		record := m.records[id]
		if record.ExpiresAt.IsZero() || record.ExpiresAt.After(now) {
			continue
		}
		delete(m.records, id)
		m.removals++
		removals = append(removals, deployment.Removal{Record: record,
			Place: fmt.Sprintf("%09d", m.removals)})
	}
	return removals
}

var (
	_ deployment.Sender     = (*Sender)(nil)
	_ deployment.Feed       = (*Feed)(nil)
	_ deployment.FeedReader = (*Feed)(nil)
	_ deployment.Publisher  = (*Publisher)(nil)
)
