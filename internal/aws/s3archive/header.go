package s3archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// The names of a chunk's header in the metadata of its object. S3 allows 2 KB of
// metadata. The header takes about 250 bytes, 350 for a rewritten chunk.
const (
	metaFirst    = "first"
	metaLast     = "last"
	metaBatch    = "batch"
	metaUntil    = "until"
	metaBefore   = "before"
	metaAfter    = "after"
	metaBytes    = "bytes"
	metaDigest   = "digest"
	metaPrevious = "previous"
	metaOriginal = "original"
	metaChanged  = "changed"
)

func metadata(h logbook.Header) map[string]string {
	stored := map[string]string{
		metaFirst:  strconv.FormatInt(int64(h.First), 10),
		metaLast:   strconv.FormatInt(int64(h.Last), 10),
		metaBatch:  strconv.Itoa(h.Batch),
		metaUntil:  strconv.FormatInt(h.Until.UnixMicro(), 10),
		metaBefore: positionText(h.Before),
		metaAfter:  positionText(h.After),
		metaBytes:  strconv.FormatInt(h.Bytes, 10),
		metaDigest: h.Digest,
	}
	if h.Previous != "" { // S3 does not store an empty value
		stored[metaPrevious] = h.Previous
	}
	if h.Original != "" { // only a rewritten chunk has these
		stored[metaOriginal] = h.Original
		stored[metaChanged] = strconv.Itoa(h.Changed)
	}
	return stored
}

// positionText encodes a position in the spool as "out/err/steps".
func positionText(p logbook.Position) string {
	return fmt.Sprintf("%d/%d/%d", p.Out, p.Err, p.Steps)
}

// readHeader decodes the result of metadata. size is the object's. Internal if a name is
// missing: the object is not a chunk, or its metadata was changed.
func readHeader(number int, stored map[string]string, size *int64) (logbook.Header, error) {
	// S3 returns the names in lower case, but some emulators do not.
	lower := make(map[string]string, len(stored))
	for name, value := range stored {
		lower[strings.ToLower(name)] = value
	}
	read := reader{stored: lower}
	header := logbook.Header{
		Number:   number,
		First:    logbook.Order(read.number(metaFirst)),
		Last:     logbook.Order(read.number(metaLast)),
		Batch:    int(read.number(metaBatch)),
		Until:    time.UnixMicro(read.number(metaUntil)).UTC(),
		Before:   read.position(metaBefore),
		After:    read.position(metaAfter),
		Bytes:    read.number(metaBytes),
		Stored:   aws.ToInt64(size),
		Digest:   lower[metaDigest],
		Previous: lower[metaPrevious],
		Original: lower[metaOriginal],
	}
	if header.Original != "" {
		header.Changed = int(read.number(metaChanged))
	}
	if read.bad != "" {
		return logbook.Header{}, fault.New(fault.Internal, "the object's metadata has no usable %s", read.bad)
	}
	return header, nil
}

// reader parses numbers and remembers the name of the first malformed one.
type reader struct {
	stored map[string]string
	bad    string
}

func (r *reader) number(name string) int64 { return r.parse(name, r.stored[name]) }

func (r *reader) position(name string) logbook.Position {
	parts := strings.Split(r.stored[name], "/")
	if len(parts) != 3 {
		parts = make([]string, 3)
	}
	return logbook.Position{
		Out:   r.parse(name, parts[0]),
		Err:   r.parse(name, parts[1]),
		Steps: r.parse(name, parts[2]),
	}
}

func (r *reader) parse(name, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && r.bad == "" {
		r.bad = name
	}
	return n
}
