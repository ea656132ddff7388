package memory

import (
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Save writes a record only.
func (m *Memory) Save(record deployment.Record) { m.records[record.ID] = cloneRecord(record) }

// Forget removes a record only.
func (m *Memory) Forget(id deployment.ID) { delete(m.records, id) }

// SetPlaces replaces the running set and the queue of a server.
func (m *Memory) SetPlaces(id catalog.ID, running, queue []deployment.ID) {
	m.servers[id] = &server{running: running, queue: queue}
}

// SetState replaces the state of a resource.
func (m *Memory) SetState(resource catalog.ID, state catalog.State) { m.states[resource] = &state }
