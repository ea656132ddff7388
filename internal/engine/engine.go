// Package engine knows the database engines. Each is one declarative entry: its
// image, ports and volumes, what a user may set, how it is started, asked for
// its health and reached. Everything else treats all engines alike.
package engine

import "strings"

// Engine is one kind of database.
type Engine struct {
	// Name is in paths, and after "standalone-" in answers ("postgresql").
	Name string
	// Title is its name for people ("PostgreSQL").
	Title string
	// Image is the default image, with its tag.
	Image string
	// Port is where it listens, TLSPort where it does with TLS.
	Port, TLSPort int
	// Settings are what a user may set, in the order in which they are shown.
	Settings []Setting
	// Configuration is the wire name of its configuration file
	// ("postgres_conf"), or "" if it takes none.
	Configuration string
	// InitScripts reports whether it runs scripts on an empty volume.
	InitScripts bool
	// TLSModes are the words for how strict TLS is, the default first; none if
	// it has no TLS.
	TLSModes []string
}

// Setting is one thing that a user may set.
type Setting struct {
	// Field is its name on the wire ("postgres_user").
	Field string
	// Default is its value when it is not given. A secret has none: it is
	// generated.
	Default string
	Secret  bool
}

// All returns every engine, in the order in which they are documented.
func All() []Engine { return nil }

// Find returns the engine of the name.
func Find(name string) (Engine, bool) {
	for _, e := range All() {
		if e.Name == name {
			return e, true
		}
	}
	return Engine{}, false
}

// VaultName is the name under which a secret setting lies in the vault, and in
// the labels of what is redacted: its field in capitals ("POSTGRES_PASSWORD").
func (s Setting) VaultName() string { return strings.ToUpper(s.Field) }

// Address is where a database is reached, and as whom.
type Address struct {
	Host string
	// Port is 0 for the engine's own.
	Port int
	// Values are all settings by their wire names, secret ones included.
	Values map[string]string
	// TLS is the mode, "" for none.
	TLS string
	// Image is the whole reference; the forms of old versions differ.
	Image string
}

// URL is the connection string. User and password are percent-encoded.
func (e Engine) URL(at Address) string { return "" }
