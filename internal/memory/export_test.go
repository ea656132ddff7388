package memory

import (
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Keep writes a record and nothing else.
func (m *Memory) Keep(record deployment.Record) { m.records[record.ID] = cloneRecord(record) }

// Forget removes a record and nothing else.
func (m *Memory) Forget(id deployment.ID) { delete(m.records, id) }

// Places says what runs and what waits on a server.
func (m *Memory) Places(id catalog.ID, running, queue []deployment.ID) {
	m.servers[id] = &server{running: running, queue: queue}
}

// Mark says what a resource has.
func (m *Memory) Mark(resource catalog.ID, state catalog.State) { m.states[resource] = &state }
