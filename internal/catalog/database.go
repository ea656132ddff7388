package catalog

// Database is a resource that is one database of a known engine.
type Database struct {
	Resource
	// Engine is the name of the engine in package engine ("postgresql"). It
	// never changes.
	Engine string
	// Image is the whole reference ("postgres:16-alpine").
	Image string
	// DataFolder is the folder in the container that has the data, for an engine
	// that has it in different places in different versions. [Check] chooses it
	// for the image of a new database; a change of the image does not move it.
	DataFolder string
	// Settings are the engine's own that are no secrets, by their names on the
	// wire ("postgres_user"). The secret ones lie in the [Vault] under the same
	// names in capitals ("POSTGRES_PASSWORD").
	Settings map[string]string
	// Configuration is the text of the engine's configuration file, or "".
	Configuration string
	// InitScripts run once, in the order of their names, on an empty volume.
	InitScripts []InitScript
	// PublicPort publishes the engine's port on the server, 0 for not at all.
	PublicPort int
	Container
	// TLS is the engine's own word for how strict it is ("require"), "" for no
	// TLS. Certificate is then the PEM text of what the server shows. Its key
	// is in TLSKey of a draft only: it lies in the [Vault] as [TLSKeySecret],
	// and no [Store] keeps it.
	TLS         string
	Certificate string
	TLSKey      string
}

// TLSKeySecret is the name of a database's TLS key in the [Vault].
const TLSKeySecret = "TLS_KEY"

// InitScript is a file that a database runs once.
type InitScript struct {
	// Name is a file's name without a folder ("10-roles.sql").
	Name string
	Text string
}
