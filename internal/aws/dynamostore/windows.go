package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/window"
)

// windowsItem are the windows of a resource, a server or the team.
type windowsItem struct {
	Allow   []string     `dynamodbav:"allow,omitempty"`
	Freeze  []freezeItem `dynamodbav:"freeze,omitempty"`
	Outside string       `dynamodbav:"outside,omitempty"`
}

// freezeItem is a time without deployments.
type freezeItem struct {
	From   string `dynamodbav:"from"`
	To     string `dynamodbav:"to"`
	Reason string `dynamodbav:"reason,omitempty"`
}

// newWindowsItem returns nil for windows that are always open.
func newWindowsItem(set window.Set) *windowsItem {
	if set.IsZero() {
		return nil
	}
	fields := windowsItem{Allow: set.Allow, Outside: string(set.Outside)}
	for _, freeze := range set.Freeze {
		fields.Freeze = append(fields.Freeze, freezeItem(freeze))
	}
	return &fields
}

func (f *windowsItem) set() window.Set {
	if f == nil {
		return window.Set{}
	}
	set := window.Set{Allow: f.Allow, Outside: window.Outside(f.Outside)}
	for _, freeze := range f.Freeze {
		set.Freeze = append(set.Freeze, window.Freeze(freeze))
	}
	return set
}

// kindTeam is the kind and the uuid of the settings of the team in the catalog table.
const kindTeam = "team"

// teamItem has the settings of the team.
type teamItem struct {
	Kind      string       `dynamodbav:"kind"`
	UUID      string       `dynamodbav:"uuid"`
	Windows   *windowsItem `dynamodbav:"windows,omitempty"`
	UpdatedAt instant      `dynamodbav:"updated_at"`
}

// Team returns the settings of the team.
func (c *Catalog) Team(ctx context.Context) (catalog.Team, error) {
	stored, err := read(ctx, c.client, c.table, teamKey())
	if err != nil {
		return catalog.Team{}, err
	}
	return decodeTeam(stored)
}

// ServerAndTeam reads the items of the server and the settings of the team in one batch.
func (c *Catalog) ServerAndTeam(
	ctx context.Context, id catalog.ID,
) (*catalog.Server, catalog.Team, error) {
	if id.Kind() != catalog.KindServer {
		return nil, catalog.Team{}, catalog.NewNoServerError()
	}
	stored, settings, err := c.loadWith(ctx, id, false, true)
	if err != nil {
		return nil, catalog.Team{}, err
	}
	entity, err := decodeEntity(stored)
	if err != nil {
		return nil, catalog.Team{}, err
	}
	server, is := entity.(*catalog.Server)
	if !is {
		return nil, catalog.Team{}, fault.New(fault.Internal, "%s is stored as something else", id)
	}
	team, err := decodeTeam(settings)
	return server, team, err
}

// decodeTeam reads the settings of the team, which are zero if nothing is stored.
func decodeTeam(stored item) (catalog.Team, error) {
	if stored == nil {
		return catalog.Team{}, nil
	}
	var fields teamItem
	err := decode(stored, &fields)
	return catalog.Team{Windows: fields.Windows.set(), UpdatedAt: time.Time(fields.UpdatedAt)}, err
}

// UpdateTeam writes the settings and the entry, on the condition that the settings are the ones
// that were read.
func (c *Catalog) UpdateTeam(
	ctx context.Context, team catalog.Team, was time.Time, entry audit.Entry,
) error {
	fields, err := attributevalue.MarshalMap(teamItem{Kind: kindTeam, UUID: kindTeam,
		Windows: newWindowsItem(team.Windows), UpdatedAt: instant(team.UpdatedAt)})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the settings of the team")
	}
	condition, values := "attribute_not_exists(#uuid)", item(nil)
	if !was.IsZero() {
		condition, values = "#updated_at = :was", item{":was": stamp(was)}
	}
	writes := append([]types.TransactWriteItem{put(c.table, fields, condition, values)},
		entering(c.audit, entry)...)
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, c.client, writes)
		switch {
		case done || err != nil || len(why.unmet) == 0:
			return done, err
		case why.unmet[0] == 0:
			return true, catalog.NewStaleTeamError()
		}
		return true, newEnteredError()
	})
}
