package catalog

// Database is a resource that is one database of a known engine.
type Database struct {
	Resource
	// Engine is the name of the engine in package engine ("postgresql"). It
	// never changes.
	Engine string
	// Image is the full reference ("postgres:16-alpine").
	Image string
	// DataFolder is the folder of the data in the container. Versions of an engine
	// may differ in it, so [Check] chooses it for the image of a new database. A
	// later change of the image does not move it.
	DataFolder string
	// Settings are the engine's settings that are not secret, by their names in
	// the API ("postgres_user"). Secret settings are in the [Vault] under the same
	// names in capitals ("POSTGRES_PASSWORD").
	Settings map[string]string
	// Configuration is the text of the engine's configuration file, or "".
	Configuration string
	// InitScripts run once, in the order of their names, on an empty volume.
	InitScripts []InitScript
	// PublicPort publishes the engine's port on the server; 0 does not.
	PublicPort int
	Container
	// TLS is the engine's name of the TLS mode ("require"), or "" for no TLS.
	// Certificate is PEM text. Only a draft carries its key, as TLSKey: the key is
	// stored in the [Vault] as [TLSKeySecret], never in a [Store].
	TLS         string
	Certificate string
	TLSKey      string
}

// TLSKeySecret is the name of a database's TLS key in the [Vault].
const TLSKeySecret = "TLS_KEY"

// InitScript is a file that a database runs once.
type InitScript struct {
	// Name is a file name without a folder ("10-roles.sql").
	Name string
	Text string
}
