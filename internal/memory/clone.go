package memory

import (
	"bytes"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/notify"
	"waybill/internal/trigger"
)

// Clone returns a copy of the tables and the archive, for tests that explore every
// continuation. Sent and published items are not copied.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	clone := &Memory{
		entities: maps.Clone(m.entities),
		states:   map[catalog.ID]*catalog.State{},
		servers:  map[catalog.ID]*server{},
		team:     cloneTeam(m.team),
		secrets:  maps.Clone(m.secrets),
		tokens:   maps.Clone(m.tokens),
		records:  maps.Clone(m.records),
		finished: maps.Clone(m.finished),
		removed:  maps.Clone(m.removed),
		removals: m.removals,
		waiters:  maps.Clone(m.waiters),
		requests: maps.Clone(m.requests),
		changes:  slices.Clone(m.changes),
		events:   map[string]trigger.Received{},
		slots:    map[catalog.ID]trigger.Slot{},
		chunks:   map[logbook.Book]map[int]logbook.Chunk{},
		sections: maps.Clone(m.sections),

		snapshots: maps.Clone(m.snapshots),
		excerpts:  maps.Clone(m.excerpts),
	}
	for id, state := range m.states {
		clone.states[id] = new(*state)
	}
	for id, load := range m.servers {
		clone.servers[id] = &server{queue: slices.Clone(load.queue), running: slices.Clone(load.running),
			waiting: slices.Clone(load.waiting)}
	}
	for id, stored := range m.events {
		clone.events[id] = cloneReceived(stored)
	}
	for id, slot := range m.slots {
		clone.slots[id] = cloneSlot(slot)
	}
	clone.messages, clone.marks = map[catalog.ID]map[string]notify.Delivery{}, maps.Clone(m.marks)
	for id, all := range m.messages {
		clone.messages[id] = maps.Clone(all)
	}
	for book, chunks := range m.chunks {
		clone.chunks[book] = maps.Clone(chunks)
	}
	return clone
}

// cloneEntity returns a deep copy of an entity, without its state and without the
// secrets of a draft.
func cloneEntity(entity catalog.Entity) catalog.Entity {
	switch entity := entity.(type) {
	case *catalog.Server:
		clone := new(*entity)
		clone.Windows = entity.Windows.Clone()
		return clone
	case *catalog.PrivateKey:
		return new(*entity)
	case *catalog.Registry:
		clone := new(*entity)
		clone.ServerIDs = slices.Clone(entity.ServerIDs)
		clone.ResourceIDs = slices.Clone(entity.ResourceIDs)
		return clone
	case *catalog.Notification:
		clone := new(*entity)
		clone.Events, clone.Kinds = slices.Clone(entity.Events), slices.Clone(entity.Kinds)
		clone.Tags, clone.ResourceIDs = slices.Clone(entity.Tags), slices.Clone(entity.ResourceIDs)
		return clone
	case *catalog.Service:
		clone := new(*entity)
		cloneResource(&clone.Resource)
		return clone
	case *catalog.Application:
		return cloneApplication(entity)
	case *catalog.Database:
		clone := new(*entity)
		cloneResource(&clone.Resource)
		clone.Container = cloneContainer(entity.Container)
		clone.Settings, clone.InitScripts = maps.Clone(entity.Settings), slices.Clone(entity.InitScripts)
		clone.TLSKey = ""
		return clone
	}
	return entity // the set of entities is closed
}

func cloneApplication(application *catalog.Application) *catalog.Application {
	clone := new(*application)
	cloneResource(&clone.Resource)
	if clone.Shell != nil {
		clone.Shell = new(*clone.Shell)
	}
	if clone.Image != nil {
		clone.Image = new(*clone.Image)
		clone.Image.Container = cloneContainer(clone.Image.Container)
	}
	if clone.Dockerfile != nil {
		clone.Dockerfile = new(*clone.Dockerfile)
		clone.Dockerfile.Container = cloneContainer(clone.Dockerfile.Container)
	}
	if clone.Inline != nil {
		clone.Inline = new(*clone.Inline)
		clone.Inline.Container = cloneContainer(clone.Inline.Container)
	}
	if clone.Compose != nil {
		clone.Compose = new(*clone.Compose)
	}
	if source := clone.Source(); source != nil {
		source.Password = ""
	}
	return clone
}

func cloneResource(resource *catalog.Resource) {
	resource.Labels.Tags = slices.Clone(resource.Labels.Tags)
	resource.Environment = slices.Clone(resource.Environment)
	resource.Previews = slices.Clone(resource.Previews)
	resource.SecretDigests = maps.Clone(resource.SecretDigests)
	resource.Triggers = catalog.CloneTriggers(resource.Triggers)
	resource.Windows = resource.Windows.Clone()
	resource.State = catalog.State{}
}

func cloneContainer(container catalog.Container) catalog.Container {
	container.Exposes, container.Mappings = slices.Clone(container.Exposes), slices.Clone(container.Mappings)
	return container
}

// onServerOf restores the server of a resource from its old version, because an update
// does not change it.
func onServerOf(old, entity catalog.Entity) catalog.Entity {
	before, was := old.(catalog.Deployable)
	after, is := entity.(catalog.Deployable)
	if was && is {
		after.Shared().ServerID = before.Shared().ServerID
	}
	return entity
}

// cloneRecord returns a deep copy of a record.
func cloneRecord(record deployment.Record) deployment.Record {
	record.GivenTo = slices.Clone(record.GivenTo)
	record.After = slices.Clone(record.After)
	record.Progress.Log.Index.Ends = slices.Clone(record.Progress.Log.Index.Ends)
	record.Progress.Steps = slices.Clone(record.Progress.Steps)
	for i := range record.Progress.Steps {
		record.Progress.Steps[i].ExitCode = cloneInt(record.Progress.Steps[i].ExitCode)
	}
	record.Outcome.ExitCode = cloneInt(record.Outcome.ExitCode)
	return record
}

func cloneInt(n *int) *int {
	if n == nil {
		return nil
	}
	return new(*n)
}

func cloneChunk(chunk logbook.Chunk) logbook.Chunk {
	chunk.Body, chunk.Stored = bytes.Clone(chunk.Body), int64(len(chunk.Body))
	return chunk
}
