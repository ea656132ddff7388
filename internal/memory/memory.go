// Package memory is every port in this process, for tests: what the tables,
// the bucket, the queue and the parameter store do, without any of them. It
// keeps the same rules as the adapters and passes the same contract suites.
package memory

import (
	"sync"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/snapshot"
)

// Options adjust [New]; the zero value works.
type Options struct{}

// Memory holds everything behind one mutex. All that goes in or comes out is
// copied, so that nobody can change what is kept by keeping a pointer to it.
type Memory struct {
	mu        sync.Mutex
	entities  map[catalog.ID]catalog.Entity
	states    map[catalog.ID]*catalog.State
	servers   map[catalog.ID]*server
	secrets   map[catalog.ID]map[string]string
	tokens    map[string]access.Token
	records   map[deployment.ID]deployment.Record
	requests  map[string]request
	changes   []deployment.Change
	chunks    map[logbook.Book]map[int]logbook.Chunk
	snapshots map[string]snapshot.Snapshot
	sender    Sender
	publisher Publisher
}

// server is what waits and what runs on a server.
type server struct {
	queue   []deployment.ID
	running []deployment.ID
}

// request is what a [deployment.RequestKey] stands for, and until when.
type request struct {
	id    deployment.ID
	until time.Time
}

// New returns an empty Memory.
func New(Options) *Memory {
	return &Memory{
		entities: map[catalog.ID]catalog.Entity{},
		states:   map[catalog.ID]*catalog.State{},
		servers:  map[catalog.ID]*server{},
		secrets:  map[catalog.ID]map[string]string{},
		tokens:   map[string]access.Token{},
		records:  map[deployment.ID]deployment.Record{},
		requests: map[string]request{},
		chunks:   map[logbook.Book]map[int]logbook.Chunk{},

		snapshots: map[string]snapshot.Snapshot{},
	}
}

// Catalog is the entities.
func (m *Memory) Catalog() catalog.Store { return store{m} }

// Vault is the secrets.
func (m *Memory) Vault() catalog.Vault { return vault{m} }

// Tokens is the bearer tokens.
func (m *Memory) Tokens() access.Tokens { return tokens{m} }

// Ledger is where deployments change.
func (m *Memory) Ledger() deployment.Ledger { return ledger{m} }

// History is where deployments are read.
func (m *Memory) History() deployment.History { return history{m} }

// Archive is the logs.
func (m *Memory) Archive() logbook.Rewriter { return archive{m} }

// Snapshots is the configurations that deployments ran with.
func (m *Memory) Snapshots() snapshot.Archive { return snapshots{m} }

// Sender records what is sent to the runners.
func (m *Memory) Sender() *Sender { return &m.sender }

// Publisher records what is published.
func (m *Memory) Publisher() *Publisher { return &m.publisher }

// Changes returns the changes of records' statuses since the last call, in
// order: what the tables' streams would have delivered.
func (m *Memory) Changes() []deployment.Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes := m.changes
	m.changes = nil
	return changes
}

var (
	_ deployment.Sender    = (*Sender)(nil)
	_ deployment.Publisher = (*Publisher)(nil)
)
