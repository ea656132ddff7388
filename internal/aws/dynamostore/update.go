package dynamostore

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// Update replaces the user's part of the entity. Deployments may change the state at the
// same time.
//
// It reads the dependencies, of which an update may change the key and the jump host. It also reads the
// digest of the body, which is written only if it changed, and the generation of the
// secrets. The transaction decides; its conditions are that the entity is unchanged since
// the caller read it, that it still has the same dependencies, body and secrets, that a
// new key exists, and that new secrets are reserved.
func (c *Catalog) Update(
	ctx context.Context, entity catalog.Entity, was time.Time, entry audit.Entry,
) error {
	id := entity.Common().ID
	if id.Kind() == "" {
		return catalog.NewNotFoundError(id)
	}
	next, err := encodeEntity(entity)
	if err != nil {
		return err
	}
	return retry(ctx, func() (bool, error) {
		stored, err := read(ctx, c.client, c.table, entityKey(id), "updated_at", "depends_on",
			"body_digest", "secrets", "jumps")
		if err != nil {
			return false, err
		}
		if stored == nil {
			return false, catalog.NewNotFoundError(id)
		}
		var fields entityItem
		if err := decode(stored, &fields); err != nil {
			return false, err
		}
		if !time.Time(fields.UpdatedAt).Equal(was) {
			return false, catalog.NewStaleError(id)
		}
		if server, is := entity.(*catalog.Server); is && server.ProxyJump != "" {
			switch {
			case fields.Jumps > 0:
				return false, catalog.NewIsJumpHostError()
			case server.ProxyJump == id: // a transaction cannot have one item twice
				return false, catalog.NewJumpHostError()
			}
		}
		keys, err := newRekey(entity, fields.DependsOn)
		if err != nil {
			return false, err
		}
		naming, err := c.renaming(id, catalog.Generation(fields.Secrets), entity.Common().Generation,
			entity.Common().UpdatedAt)
		if err != nil {
			return false, err
		}
		return c.replace(ctx, id, next, stored, keys, extras{naming, entering(c.audit, entry)})
	})
}

// replace writes the user's part of the entity, and the counts of its old and new dependencies.
// stored are the attributes of the head that must be unchanged.
func (c *Catalog) replace(ctx context.Context, id catalog.ID, next items, stored item,
	keys rekey, more extras) (done bool, err error) {
	next.head["depends_on"] = stored["depends_on"]
	if len(keys.added)+len(keys.removed) > 0 {
		next.head["depends_on"] = texts(keys.dependencies)
	}
	writes := c.replacing(id, next, stored)
	own := len(writes)
	for _, added := range keys.added {
		writes = append(writes, c.needing(id, added))
	}
	for _, removed := range keys.removed {
		writes = append(writes, c.releasing(id, removed))
	}
	counted := len(writes)
	why, done, err := write(ctx, c.client, append(append(writes, more.naming...), more.entry...))
	switch {
	case len(why.unmet) == 0:
		return done, err
	case why.unmet[0] >= counted+len(more.naming):
		return false, newEnteredError()
	case why.unmet[0] >= counted:
		return false, catalog.NewUnreservedError(id)
	case why.unmet[0] >= own && why.unmet[0] < own+len(keys.added):
		return false, newUnmetError(id, keys.added[why.unmet[0]-own])
	}
	return done, err
}

// extras are writes of an update beside the entity: naming for another generation of secrets,
// and entry for the audit.
type extras struct{ naming, entry []types.TransactWriteItem }

// replacing returns the writes of the user's part of the entity: its head, the body if it
// changed, and the limits of a server.
func (c *Catalog) replacing(id catalog.ID, next items, stored item) []types.TransactWriteItem {
	attributes := []string{"name", "description", "definition", "created_at", "updated_at", "depends_on",
		"secrets"}
	condition := "#updated_at = :was AND #depends_on = :had AND #secrets = :named"
	values := item{":was": stored["updated_at"], ":had": stored["depends_on"], ":named": stored["secrets"]}
	if next.body != nil {
		attributes = append(attributes, "body_digest")
		condition += " AND #body_digest = :body"
		values[":body"] = stored["body_digest"]
	}
	if _, is := next.head["proxy_jump"]; is {
		attributes = append(attributes, "proxy_jump")
		if textOf(next.head, "proxy_jump") != "" { // the jump host of a server has none
			condition += " AND (attribute_not_exists(#jumps) OR #jumps = :zero)"
			values[":zero"] = number(0)
		}
	}
	head := setting(next.head, attributes...)
	head.table, head.key = c.table, entityKey(id)
	head.condition, head.values = condition, with(head.values, values)
	writes := []types.TransactWriteItem{update(head)}
	if next.body != nil && !bytes.Equal(bytesOf(next.body, "body_digest"), bytesOf(stored, "body_digest")) {
		writes = append(writes, put(c.table, next.body, "", nil))
	}
	if id.Kind() == catalog.KindServer {
		limits := setting(next.state, "concurrency", "queue_limit", "validated_at", "updated_at")
		limits.table, limits.key, limits.condition = c.table, stateKey(id), "attribute_exists(#uuid)"
		writes = append(writes, update(limits))
	}
	return writes
}

// setting is the change that sets the attributes to the values that the item has.
func setting(from item, attributes ...string) change {
	sets, values := make([]string, len(attributes)), item{}
	for i, name := range attributes {
		sets[i] = "#" + name + " = :" + name
		values[":"+name] = from[name]
	}
	return change{update: "SET " + strings.Join(sets, ", "), values: values}
}

// rekey is a change of the dependencies that an update can change.
type rekey struct {
	added, removed []catalog.ID
	// dependencies are all of them after the change.
	dependencies []string
}

// newRekey compares the dependencies of the entity with its stored ones. Those of a server
// can all change; of an application, the deploy key can, which comes after its server.
// Invalid if a new one is not possible.
func newRekey(entity catalog.Entity, stored []string) (rekey, error) {
	wanted := make([]string, 0, 2)
	switch entity := entity.(type) {
	case *catalog.Server:
		for _, id := range entity.DependsOn() {
			wanted = append(wanted, string(id))
		}
	case *catalog.Application:
		wanted = append(wanted, stored[:min(1, len(stored))]...)
		if source := entity.Source(); source != nil && source.KeyID != "" {
			wanted = append(wanted, string(source.KeyID))
		}
	default:
		return rekey{}, nil
	}
	keys := rekey{dependencies: wanted}
	for _, id := range wanted {
		if slices.Contains(stored, id) {
			continue
		}
		if catalog.ID(id).Kind() == "" {
			return keys, catalog.NewNoDependencyError(catalog.ID(id))
		}
		keys.added = append(keys.added, catalog.ID(id))
	}
	for _, id := range stored {
		if !slices.Contains(wanted, id) {
			keys.removed = append(keys.removed, catalog.ID(id))
		}
	}
	return keys, nil
}

// Observe sets the status of a resource on which nothing runs. A condition refuses
// the write if a deployment runs or if there is no such resource. Both are no error.
func (c *Catalog) Observe(ctx context.Context, id catalog.ID, status string) error {
	if !id.Kind().Deployable() {
		return nil
	}
	observe := change{
		table:     c.table,
		key:       stateKey(id),
		update:    "SET #status = :status",
		condition: "#running = :none",
		values:    item{":status": text(status), ":none": text("")},
	}
	return retry(ctx, func() (bool, error) {
		_, err := c.client.UpdateItem(ctx, observe.updating())
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err
	})
}
