package s3archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// The names under which a chunk's header lies in its object's metadata. S3
// takes 2 KB of metadata; this is some 250 bytes, and 350 of a chunk that was
// rewritten.
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
	if h.Previous != "" { // S3 does not keep an empty value
		stored[metaPrevious] = h.Previous
	}
	if h.Original != "" { // what was never rewritten does not say so
		stored[metaOriginal] = h.Original
		stored[metaChanged] = strconv.Itoa(h.Changed)
	}
	return stored
}

// positionText writes a place in the spool as "out/err/steps".
func positionText(p logbook.Position) string {
	return fmt.Sprintf("%d/%d/%d", p.Out, p.Err, p.Steps)
}

// readHeader reads what metadata wrote. Internal if anything is missing: then
// the object is not one of ours, or was tampered with.
func readHeader(number int, stored map[string]string) (logbook.Header, error) {
	// S3 keeps the names in lower case; the SDK gives back what the wire has,
	// and not every emulator writes it so.
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

// reader reads numbers and remembers the name of the first that is none.
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
