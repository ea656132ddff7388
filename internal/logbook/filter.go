package logbook

// Filter removes secrets from one stream of bytes. What is written to it comes
// out through the function that it was made with, later but in order.
type Filter interface {
	// Write takes bytes and emits all that cannot become part of a secret any
	// more. The slice is the filter's only until it returns.
	Write(p []byte)
	// Flush emits what is held back: the stream has ended, or pauses where no
	// secret can straddle.
	Flush()
	// Held is how many of the bytes written are not yet emitted.
	Held() int
}

// NewFilter makes a filter for one stream. masked is 0 when p is as it was
// written; else p stands for that many bytes that were a secret, or that are left
// out, when it is empty. emit must not keep its argument.
type NewFilter func(emit func(p []byte, masked int)) Filter
