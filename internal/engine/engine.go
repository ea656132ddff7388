// Package engine describes the database engines. Each is one declarative entry: its
// image, ports, volumes, settings, command, health check and connection string. All
// other packages treat all engines alike.
package engine

import (
	"slices"
	"strings"
)

// Engine is one kind of database.
//
// Its texts may have placeholders, which [Fill] replaces by the values of settings:
// %{postgres_user} by the plain value, %{redis_password:conf} by the value quoted for
// that kind of file.
type Engine struct {
	// Name is in paths, and after "standalone-" in answers ("postgresql").
	Name string
	// Title is its name for people ("PostgreSQL").
	Title string
	// Image is the default image, with its tag.
	Image string
	// Port is the port without TLS, and TLSPort the port with TLS.
	Port, TLSPort int
	// Settings are the settings for users, in the order in which messages list them.
	Settings []Setting
	// SettingsOnce reports whether it applies the settings only when it creates its
	// data. A later change does not affect existing data.
	SettingsOnce bool
	// Configuration is the wire name of its configuration file ("postgres_conf"), or
	// "" if it has none.
	Configuration string
	// Spoils is a word of the configuration, in any case, with which the image
	// cannot make accounts whose passwords have quotes or backslashes; "" for
	// none.
	Spoils string
	// InitScripts reports whether it runs scripts on an empty volume.
	InitScripts bool
	// TLSModes are its TLS modes, the default first. It is empty if the engine has no
	// TLS.
	TLSModes []string

	// Volumes hold its data.
	Volumes []Volume
	// DataFolders are the data folders of its versions, the default first. It is empty
	// if all versions use the folder of Volumes.
	DataFolders []DataFolder
	// DataVariable is the variable that tells the image its data folder. Without it, an
	// image of an unexpected version would store the data outside the volume.
	DataVariable string
	// Versioned are words in the names of images whose tags begin with the engine's
	// version ("postgres").
	Versioned []string
	// Environment has the variables of the container. It has no secrets, since every
	// user who may inspect a container can read it.
	Environment []Variable
	// Files are copied into the container in addition to its configuration file.
	Files []File
	// ConfigurationFile is the file that gets the user's configuration.
	ConfigurationFile ConfigurationFile
	// Command has the words of the container's command. It has no secrets, since every
	// user of the server can read it.
	Command []string
	// Health is a POSIX sh script that exits 0 if the database answers a query with
	// the credentials of its URL. It runs in the container every HealthSeconds, or at
	// Docker's default interval if that is 0.
	Health        string
	HealthSeconds int
	// TLS configures the engine's TLS.
	TLS TLS
	// Form is the form of its connection string.
	Form URLForm
}

// Setting is one setting for users.
type Setting struct {
	// Field is its name on the wire ("postgres_user").
	Field string
	// Default is the value if the user gives none. A secret has no default, but is
	// generated. Any other setting without a default may be empty.
	Default string
	Secret  bool
	// Longest is the maximum length in bytes; 0 is the general limit.
	Longest int
	// NoDot refuses a dot in a name, which some versions read as a path.
	NoDot bool
	// Taken are values that the engine reserves.
	Taken []string
}

// Variable is one variable of the container's environment. It is left out if its
// value is empty.
type Variable struct{ Name, Value string }

// Volume is a named volume.
type Volume struct {
	// Name is the part of the volume's name before the database's uuid.
	Name string
	// Path is its path in the container, or "" for the mount of the data folder.
	Path string
}

// File is a file in the container.
type File struct {
	// Path is an absolute path in the container.
	Path string
	// Text is its content.
	Text string
	// Readable files can be read by every user in the container, the others only by
	// root.
	Readable bool
}

// ConfigurationFile is a file of the engine's own settings.
type ConfigurationFile struct {
	// Path is an absolute path in the container.
	Path string
	// Before and After surround the user's part. The last setting wins.
	Before, After string
	// Always writes the file even without a user's part.
	Always bool
	// Command has the words that name the file, if it is written.
	Command []string
}

// The folder of Waybill's own files in a container, and its files.
const (
	Folder          = "/waybill"
	HealthFile      = Folder + "/health.sh"
	CertificateFile = Folder + "/tls.crt"
	KeyFile         = Folder + "/tls.key"
	ScriptsFolder   = "/docker-entrypoint-initdb.d"
)

// passwordFile has the password of the only user, for images that read it from a file.
const passwordFile = Folder + "/password"

// TLS configures an engine to use [CertificateFile].
type TLS struct {
	// Bundle appends the certificate to KeyFile.
	Bundle bool
	// Owner is the owner of the key, in the form of chown, for an engine that refuses
	// a key that others may read. If it is empty, the key is a readable file.
	Owner string
	// Command has words for all modes, ModeCommand the words for some modes.
	Command     []string
	ModeCommand map[string][]string
	// Configuration is appended to the configuration file.
	Configuration string
	// Query is the query of the connection string, by mode.
	Query map[string]string
}

// All returns every engine, in the order in which they are documented.
func All() []Engine { return slices.Concat(relational, redisLike, others) }

// Find returns the engine with the name.
func Find(name string) (Engine, bool) {
	for _, e := range All() {
		if e.Name == name {
			return e, true
		}
	}
	return Engine{}, false
}

// VaultName returns the name of a secret setting in the vault and in the masks of
// redacted logs: its field in capitals ("POSTGRES_PASSWORD").
func (s Setting) VaultName() string { return strings.ToUpper(s.Field) }

// PortFor returns the port on which it listens in the TLS mode, "" being no TLS.
func (e Engine) PortFor(mode string) int {
	if mode != "" && e.TLSPort != 0 {
		return e.TLSPort
	}
	return e.Port
}
