package logbook

import (
	"encoding/binary"
	"slices"
	"sort"

	"waybill/internal/fault"
)

// Index has the last order of each chunk of a log, so that one read of the record
// finds any page. Encoded it takes two or three bytes a chunk.
type Index []Order

// Find returns the number of the chunk that holds the first entry after the
// order, or 0 if the log does not reach that far.
func (x Index) Find(after Order) int {
	i := sort.Search(len(x), func(i int) bool { return x[i] > after })
	if i == len(x) {
		return 0
	}
	return i + 1
}

// With returns the index with one more chunk. It does not change x.
func (x Index) With(last Order) Index {
	return append(slices.Clip(x), last)
}

// Encode encodes the number of entries in each chunk as an unsigned varint.
func (x Index) Encode() []byte {
	out := make([]byte, 0, 3*len(x))
	var before Order
	for _, last := range x {
		out = binary.AppendUvarint(out, uint64(last-before))
		before = last
	}
	return out
}

// DecodeIndex decodes the result of [Index.Encode]. Internal if it is damaged.
func DecodeIndex(stored []byte) (Index, error) {
	var x Index
	var last Order
	for len(stored) > 0 {
		entries, n := binary.Uvarint(stored)
		if n <= 0 || entries > 1<<53 {
			return nil, fault.New(fault.Internal, "the index of a log is damaged")
		}
		last += Order(entries)
		x = append(x, last)
		stored = stored[n:]
	}
	return x, nil
}
