package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
)

// kindSessions is the kind of the sessions with a server in the catalog table. It is no part
// of the server: the function that takes places cannot write servers.
const kindSessions = "server-sessions"

// sessionPlaces are the names of the places, and the ends of their attributes' names. A
// place has a holder and the time until which it counts, in microseconds.
var sessionPlaces = [catalog.MaxSessions]string{"a", "b", "c"}

// Sessions are the sessions with servers, in the catalog table. It is safe for use by several
// goroutines.
type Sessions struct {
	client *dynamodb.Client
	table  string
}

var _ catalog.Sessions = (*Sessions)(nil)

// NewSessions returns the sessions in the catalog table.
func NewSessions(client *dynamodb.Client, table string) *Sessions {
	return &Sessions{client: client, table: table}
}

// Take tries one place after the other. Each try is a conditional write, so two holders never
// have the same place. DynamoDB removes the item some time after its last place has expired.
func (s *Sessions) Take(ctx context.Context, server catalog.ID, holder string, now time.Time) error {
	until := now.Add(catalog.SessionTime)
	for _, place := range sessionPlaces {
		taken, err := s.write(ctx, change{
			table: s.table,
			key:   sessionsKey(server),
			update: "SET #holder_" + place + " = :holder, #until_" + place + " = :until, " +
				"#expires_at = :expires",
			// The place is the holder's if the SDK repeats a write that has succeeded.
			condition: "attribute_not_exists(#until_" + place + ") OR #until_" + place + " <= :now " +
				"OR #holder_" + place + " = :holder",
			values: item{":holder": text(holder), ":now": number(now.UnixMicro()),
				":until": number(until.UnixMicro()), ":expires": number(until.Unix() + 1)},
		})
		if taken || err != nil {
			return err
		}
	}
	return catalog.NewNoSessionError()
}

// Free removes the holder from the place that it has.
func (s *Sessions) Free(ctx context.Context, server catalog.ID, holder string) error {
	for _, place := range sessionPlaces {
		freed, err := s.write(ctx, change{
			table:     s.table,
			key:       sessionsKey(server),
			update:    "REMOVE #holder_" + place + ", #until_" + place,
			condition: "#holder_" + place + " = :holder",
			values:    item{":holder": text(holder)},
		})
		if freed || err != nil {
			return err
		}
	}
	return nil
}

// write reports whether the change's condition was met.
func (s *Sessions) write(ctx context.Context, c change) (done bool, err error) {
	err = retry(ctx, func() (bool, error) {
		_, err := s.client.UpdateItem(ctx, c.updating())
		if err == nil {
			done = true
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err
	})
	return done, err
}

func sessionsKey(server catalog.ID) item {
	return item{"kind": text(kindSessions), "uuid": text(server)}
}
