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

// ID is a deployment's uuid: its resource's uuid and 16 characters that sort
// by time. So the id alone gives the table and the key.
type ID string

const (
	// idTimeLength characters of 5 bits hold the microseconds since 1970 until
	// the year 3111; idRandomLength keep two ids of one microsecond apart.
	idTimeLength   = 11
	idRandomLength = 5
	// IDLength is the length of every deployment uuid, in bytes.
	IDLength = catalog.IDLength + idTimeLength + idRandomLength
)

// NewID returns a fresh id for a deployment of the resource that was asked for
// at now. random is crypto/rand.Reader outside of tests.
func NewID(resource catalog.ID, now time.Time, random io.Reader) (ID, error) {
	suffix, err := catalog.RandomText(idRandomLength, random)
	if err != nil {
		return "", err
	}
	return ID(string(resource) + timeText(now) + suffix), nil
}

// timeText writes the time so that later times sort after earlier ones.
func timeText(now time.Time) string {
	var text [idTimeLength]byte
	micros := uint64(now.UnixMicro())
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = catalog.Alphabet[micros&31]
		micros >>= 5
	}
	return string(text[:])
}

// ParseID reads a uuid from outside. Anything that cannot be one is NotFound:
// a malformed id and an unknown one answer alike.
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

// Resource is the uuid of the resource that the deployment is of.
func (id ID) Resource() catalog.ID {
	if len(id) < catalog.IDLength {
		return ""
	}
	return catalog.ID(id[:catalog.IDLength])
}

// Kind is the kind of the deployment's resource.
func (id ID) Kind() catalog.Kind { return id.Resource().Kind() }

// Book is where the deployment's log is kept.
func (id ID) Book() logbook.Book {
	return logbook.Book(fmt.Sprintf("%s/%s/%s", id.Kind(), id.Resource(), id))
}

// Number is the id as a number, for clients that need one: the microsecond
// that the id was made in. It is below 2^53, so it survives JavaScript.
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
