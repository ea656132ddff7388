package rest

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// minCompressed is the size from which on a body is compressed, as API Gateway has it.
const minCompressed = 1 << 10

// filledAccept is the Accept that LocalStack's gateway gives to a function if the client
// sends none.
const filledAccept = JSONType

// compressed returns the body compressed, and true, if the answer asks for that and the
// client takes it. API Gateway decodes the base64 of a compressed body only for a client
// that sends Accept. A gateway may fill in filledAccept for a client that does not, so
// with that the body stays as it is.
func (a Answer) compressed(r *http.Request, body []byte) ([]byte, bool) {
	accept := r.Header.Get("Accept")
	if !a.Compress || len(body) < minCompressed || accept == "" || accept == filledAccept ||
		!acceptsGzip(r) {
		return body, false
	}
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil { // the level is one that there is
		return body, false
	}
	_, _ = zip.Write(body) // into memory
	if err := zip.Close(); err != nil {
		return body, false
	}
	return out.Bytes(), true
}

// acceptsGzip reports whether the client takes gzip (RFC 9110, 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, weighted := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, text, _ := strings.Cut(weight, "=")
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return !weighted || err == nil && value > 0
	}
	return false
}
