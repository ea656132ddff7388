package dynamostore

// Packed attributes: the fields that one write replaces together are one binary
// attribute, so that no field costs the bytes of a name and of a type. Fields may
// only be added at the end of an attribute: its reader takes fields that are not
// there as zero, so it reads what older versions wrote.

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// packer appends fields to a packed attribute.
type packer struct{ packed []byte }

// count appends a number that is normally not negative.
func (p *packer) count(n int64) { p.packed = binary.AppendUvarint(p.packed, uint64(n)) }

// number appends a number that may be negative, such as a difference.
func (p *packer) number(n int64) { p.packed = binary.AppendVarint(p.packed, n) }

// optional appends a number that may be absent, which is 0.
func (p *packer) optional(n *int) {
	if n == nil {
		p.count(0)
		return
	}
	p.count(signed(int64(*n)) + 1)
}

// signed makes a small number that is not negative of one near 0, as a varint with a sign
// does. unsigned is the inverse.
func signed(n int64) int64   { return n<<1 ^ n>>63 }
func unsigned(n int64) int64 { return int64(uint64(n)>>1) ^ -(n & 1) }

// moment appends a time as its distance from another one in microseconds, or 0 for the
// zero time.
func (p *packer) moment(t time.Time, from int64) {
	if t.IsZero() {
		p.count(0)
		return
	}
	p.count(signed(micros(t)-from) + 1)
}

// micros is a time in microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func (p *packer) text(s string) {
	p.count(int64(len(s)))
	p.packed = append(p.packed, s...)
}

// digits appends a text. A hash takes half of its length, and a decimal number of 16
// digits takes 8 bytes. The number in front is 0 for an empty text, 1 for a decimal
// number, odd for the length of a hash, and even for the length of another text.
func (p *packer) digits(s string) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && strconv.FormatInt(n, 10) == s {
		p.count(1)
		p.count(n)
		return
	}
	if raw, err := hex.DecodeString(s); err == nil && s != "" && strings.ToLower(s) == s {
		p.count(int64(len(raw)<<1 | 1))
		p.packed = append(p.packed, raw...)
		return
	}
	p.count(int64(len(s) << 1))
	p.packed = append(p.packed, s...)
}

// unpacker reads the fields in their order. err is set if the attribute is damaged.
type unpacker struct {
	rest []byte
	err  error
}

func (u *unpacker) damaged() {
	u.rest = nil
	if u.err == nil {
		u.err = fault.New(fault.Internal, "a packed attribute of a deployment is damaged")
	}
}

func (u *unpacker) count() int64 {
	if len(u.rest) == 0 {
		return 0
	}
	n, size := binary.Uvarint(u.rest)
	if size <= 0 {
		u.damaged()
		return 0
	}
	u.rest = u.rest[size:]
	return int64(n)
}

func (u *unpacker) number() int64 {
	if len(u.rest) == 0 {
		return 0
	}
	n, size := binary.Varint(u.rest)
	if size <= 0 {
		u.damaged()
		return 0
	}
	u.rest = u.rest[size:]
	return n
}

func (u *unpacker) optional() *int {
	n := u.count()
	if n == 0 {
		return nil
	}
	return new(int(unsigned(n - 1)))
}

func (u *unpacker) moment(from int64) time.Time {
	n := u.count()
	if n == 0 {
		return time.Time{}
	}
	return fromMicros(from + unsigned(n-1))
}

// bytes returns the next n bytes.
func (u *unpacker) bytes(n int64) []byte {
	if n < 0 || n > int64(len(u.rest)) {
		u.damaged()
		return nil
	}
	taken := u.rest[:n]
	u.rest = u.rest[n:]
	return taken
}

func (u *unpacker) text() string { return string(u.bytes(u.count())) }

func (u *unpacker) digits() string {
	head := u.count()
	switch {
	case head == 1:
		return strconv.FormatInt(u.count(), 10)
	case head&1 == 1:
		return hex.EncodeToString(u.bytes(head >> 1))
	}
	return string(u.bytes(head >> 1))
}

// length is the length of a list whose elements take at least one byte each.
func (u *unpacker) length() int {
	n := u.count()
	if n < 0 || n > int64(len(u.rest)) {
		u.damaged()
		return 0
	}
	return int(n)
}

// idKinds are the kinds of resources of a packed id, by its first number less 1.
var idKinds = [...]string{"app", "svc", "dbs"}

// id appends the id of a deployment: the first three letters as a number, and five bits for each
// other character. So it takes 25 bytes instead of 41. 0 is no id, and a larger number than the
// kinds have is before an id that is stored as text.
func (p *packer) id(id deployment.ID) {
	const prefix = 3
	text := string(id)
	kind := slices.Index(idKinds[:], text[:min(prefix, len(text))])
	switch {
	case text == "":
		p.count(0)
		return
	case kind < 0 || len(text) != deployment.IDLength || strings.Trim(text[prefix:], catalog.Alphabet) != "":
		p.count(int64(len(idKinds) + 1))
		p.text(text)
		return
	}
	p.count(int64(kind + 1))
	bits, n := uint32(0), 0
	for _, letter := range []byte(text[prefix:]) {
		bits, n = bits<<5|uint32(strings.IndexByte(catalog.Alphabet, letter)), n+5
		if n >= 8 {
			n -= 8
			p.packed = append(p.packed, byte(bits>>n))
		}
	}
	p.packed = append(p.packed, byte(bits<<(8-n)))
}

// id is the inverse of [packer.id].
func (u *unpacker) id() deployment.ID {
	kind := u.count()
	switch {
	case kind == 0:
		return ""
	case kind > int64(len(idKinds)) || kind < 0:
		return deployment.ID(u.text())
	}
	const letters = deployment.IDLength - 3
	text := []byte(idKinds[kind-1])
	bits, n := uint32(0), 0
	for _, one := range u.bytes((letters*5 + 7) / 8) {
		bits, n = bits<<8|uint32(one), n+8
		for ; n >= 5 && len(text) < deployment.IDLength; n -= 5 {
			text = append(text, catalog.Alphabet[bits>>(n-5)&31])
		}
	}
	return deployment.ID(text)
}
