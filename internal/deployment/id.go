package deployment

import (
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
	// idTimeLength characters of 5 bits encode the microseconds since 1970 until the
	// year 3111. idRandomLength characters distinguish ids of the same microsecond.
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
	return ID(string(resource) + TimeText(now) + suffix), nil
}

// TimeText encodes the time in 11 characters, to the microsecond. Later times sort after
// earlier ones.
func TimeText(now time.Time) string {
	var text [idTimeLength]byte
	micros := uint64(now.UnixMicro())
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = catalog.Alphabet[micros&31]
		micros >>= 5
	}
	return string(text[:])
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
	var micros int64
	for _, c := range []byte(id[catalog.IDLength : catalog.IDLength+idTimeLength]) {
		digit := strings.IndexByte(catalog.Alphabet, c)
		if digit < 0 {
			return 0
		}
		micros = micros<<5 | int64(digit)
	}
	return micros
}
