package deployment

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// ID is a deployment's uuid: the uuid of its resource and 16 characters that sort by
// time. So the id alone identifies the table and the key.
type ID string

const (
	// idTimeLength characters are the time, and idRandomLength characters distinguish ids
	// of the same microsecond.
	idTimeLength   = 11
	idRandomLength = 5
	// IDLength is the length of every deployment uuid, in bytes.
	IDLength = catalog.IDLength + idTimeLength + idRandomLength
)

// NewID returns a fresh id for a deployment of the resource that was requested at now.
// random is crypto/rand.Reader outside tests.
func NewID(resource catalog.ID, now time.Time, random io.Reader) (ID, error) {
	suffix, err := catalog.RandomText(idRandomLength, random)
	if err != nil {
		return "", err
	}
	return ID(string(resource) + catalog.TimeText(now) + suffix), nil
}

// ParseID parses a uuid from outside. A malformed id is NotFound, like an unknown one.
func ParseID(text string) (ID, error) {
	notFound := fault.New(fault.NotFound, "Deployment not found.")
	if len(text) != IDLength || !catalog.IsIDText(text) {
		return "", notFound
	}
	resource, err := catalog.ParseID(text[:catalog.IDLength])
	if err != nil || !resource.Kind().Deployable() {
		return "", notFound
	}
	return ID(text), nil
}

// Compare orders ids of any resources by their times.
func (id ID) Compare(other ID) int {
	if len(id) != IDLength || len(other) != IDLength {
		return strings.Compare(string(id), string(other))
	}
	return cmp.Or(strings.Compare(string(id[catalog.IDLength:]), string(other[catalog.IDLength:])),
		strings.Compare(string(id), string(other)))
}

// Resource returns the uuid of the deployment's resource.
func (id ID) Resource() catalog.ID {
	if len(id) < catalog.IDLength {
		return ""
	}
	return catalog.ID(id[:catalog.IDLength])
}

// Kind returns the kind of the deployment's resource.
func (id ID) Kind() catalog.Kind { return id.Resource().Kind() }

// Book returns the name of the deployment's log.
func (id ID) Book() logbook.Book {
	return logbook.Book(fmt.Sprintf("%s/%s/%s", id.Kind(), id.Resource(), id))
}

// Number returns the id as a number, for clients that need one: the microsecond in which
// the id was made. It is below 2^53, so JavaScript represents it exactly.
func (id ID) Number() int64 {
	if len(id) != IDLength {
		return 0
	}
	micros, _ := catalog.MicrosOf(string(id[catalog.IDLength:])) // 0 for a malformed id
	return micros
}
