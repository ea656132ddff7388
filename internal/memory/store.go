package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// store is a [catalog.Store]. The state of resources and servers is stored apart from
// the entities, so that an update cannot change it.
type store struct{ *Memory }

func (s store) Create(ctx context.Context, entity catalog.Entity, entry audit.Entry) error {
	if err := catalog.CheckWhole(entity); err != nil {
		return err
	}
	return s.audited(ctx, entry, func() error {
		id := entity.Common().ID
		if _, taken := s.entities[id]; taken {
			return catalog.NewExistsError(id)
		}
		if err := s.unmet(entity); err != nil {
			return err
		}
		if err := s.name(id, "", entity.Common().Generation, entity.Common().UpdatedAt); err != nil {
			return err
		}
		s.entities[id] = cloneEntity(entity)
		if id.Kind().Deployable() {
			s.states[id] = &catalog.State{}
		}
		if id.Kind() == catalog.KindServer {
			s.servers[id] = &server{}
		}
		return nil
	})
}

// unmet returns an error for a missing or unfit dependency of the entity, or nil.
func (s store) unmet(entity catalog.Entity) error {
	if server, is := entity.(*catalog.Server); is && server.ProxyJump != "" {
		if err := s.unfitJump(server); err != nil {
			return err
		}
	}
	for _, dependency := range entity.DependsOn() {
		if _, there := s.entities[dependency]; !there {
			return catalog.NewNoDependencyError(dependency)
		}
	}
	return nil
}

// unfitJump returns why the server cannot be reached through its jump host, or nil.
func (s store) unfitJump(server *catalog.Server) error {
	jump, there := s.entities[server.ProxyJump].(*catalog.Server)
	if !there || jump.ProxyJump != "" || jump.ID == server.ID {
		return catalog.NewJumpHostError()
	}
	for _, other := range s.entities {
		if other, is := other.(*catalog.Server); is && other.ProxyJump == server.ID {
			return catalog.NewIsJumpHostError()
		}
	}
	return nil
}

func (s store) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	var found catalog.Entity
	err := s.locked(ctx, func() error {
		if _, there := s.entities[id]; !there {
			return catalog.NewNotFoundError(id)
		}
		found = s.entity(id)
		return nil
	})
	return found, err
}

func (s store) Head(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	whole, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return catalog.Head(whole), nil
}

// entity returns a copy of an entity, with its state.
func (s store) entity(id catalog.ID) catalog.Entity {
	entity := cloneEntity(s.entities[id])
	if resource, ok := entity.(catalog.Deployable); ok {
		resource.Shared().State = *s.states[id]
	}
	if of, ok := entity.(*catalog.Server); ok {
		of.Health = s.servers[id].health
	}
	return entity
}

func (s store) List(ctx context.Context, kind catalog.Kind, page catalog.Page) (catalog.Listing, error) {
	page, err := page.Check(kind)
	if err != nil {
		return catalog.Listing{}, err
	}
	var listing catalog.Listing
	err = s.locked(ctx, func() error {
		var ids []catalog.ID
		for id := range s.entities {
			if id.Kind() == kind && string(id) > page.After {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		if len(ids) > page.Limit {
			ids = ids[:page.Limit]
			listing.Next = string(ids[page.Limit-1])
		}
		for _, id := range ids {
			listing.Entities = append(listing.Entities, catalog.Head(s.entity(id)))
		}
		return nil
	})
	return listing, err
}

func (s store) Update(
	ctx context.Context, entity catalog.Entity, was time.Time, entry audit.Entry,
) error {
	if err := catalog.CheckWhole(entity); err != nil {
		return err
	}
	return s.audited(ctx, entry, func() error {
		id := entity.Common().ID
		old, there := s.entities[id]
		if !there {
			return catalog.NewNotFoundError(id)
		}
		if !old.Common().UpdatedAt.Equal(was) {
			return catalog.NewStaleError(id)
		}
		changed := onServerOf(old, cloneEntity(entity))
		if err := s.unmet(changed); err != nil {
			return err
		}
		now := changed.Common().UpdatedAt
		if err := s.name(id, old.Common().Generation, changed.Common().Generation, now); err != nil {
			return err
		}
		s.entities[id] = changed
		return nil
	})
}

func (s store) Observe(ctx context.Context, id catalog.ID, status string) error {
	return s.locked(ctx, func() error {
		if state := s.states[id]; state != nil && state.Running == "" {
			state.Status = status
		}
		return nil
	})
}

func (s store) ObserveServer(ctx context.Context, id catalog.ID, health catalog.Health) error {
	return s.locked(ctx, func() error {
		server := s.servers[id]
		if server == nil {
			return nil
		}
		server.health = health.Over(server.health)
		return nil
	})
}

func (s store) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	return s.audited(ctx, entry, func() error {
		if _, there := s.entities[id]; !there {
			return catalog.NewNotFoundError(id)
		}
		if state := s.states[id]; state != nil && (state.Queued != "" || state.Running != "") {
			return catalog.NewBusyError(id)
		}
		server := s.servers[id]
		if server != nil && len(server.queue)+len(server.running)+len(server.waiting) > 0 {
			return catalog.NewBusyError(id)
		}
		for _, other := range s.entities {
			if slices.Contains(other.DependsOn(), id) {
				return catalog.NewInUseError(id)
			}
		}
		if generation := s.entities[id].Common().Generation; generation != "" {
			s.discard(id, generation, catalog.AtOnce())
		}
		if state := s.states[id]; state != nil && state.Deployments > 0 {
			s.remains[id] = state
		}
		delete(s.entities, id)
		delete(s.states, id)
		delete(s.finished, id)
		delete(s.removed, id)
		delete(s.servers, id)
		delete(s.schedules, id)
		return nil
	})
}

// locked runs the transaction unless ctx has ended.
func (m *Memory) locked(ctx context.Context, transaction func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return transaction()
}
