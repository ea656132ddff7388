package logbook

// Filter removes secrets from one stream of bytes. It emits the bytes written to it,
// in order and possibly later, through the function given to [NewFilter].
type Filter interface {
	// Write takes bytes. It emits them as soon as they can no longer become part of a
	// secret. The filter does not use the slice after Write returns.
	Write(p []byte)
	// Flush emits the bytes that are held back. The caller flushes at the end of the
	// stream, or where no secret can cross.
	Flush()
	// Held is the number of bytes written and not emitted yet.
	Held() int
}

// NewFilter makes a filter for one stream. The filter calls emit in one of two ways:
//
//   - masked is 0: p has bytes of the stream, unchanged.
//   - masked is greater than 0: p replaces that many bytes of the stream. p is the
//     mask of a secret, or empty if the bytes are left out.
//
// emit must not retain p.
type NewFilter func(emit func(p []byte, masked int)) Filter
