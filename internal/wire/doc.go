// Package wire has every JSON form of the API: what a client sends to make or
// change something, and what it is shown. Types without a prefix are shown, New…
// types are sent. A form lays a change over what is there.
package wire
