// Package engine knows the database engines. Each is one declarative entry: its
// image, ports and volumes, what a user may set, how it is started, asked for
// its health and reached. Everything else treats all engines alike.
package engine

import (
	"slices"
	"strings"
)

// Engine is one kind of database.
//
// Its texts may have holes, which [Fill] fills with the values of settings:
// %{postgres_user} as it is, %{redis_password:conf} quoted for what reads it.
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
	// SettingsOnce reports whether it takes the settings only when it makes its
	// data: what is changed later does not reach what is there.
	SettingsOnce bool
	// Configuration is the wire name of its configuration file
	// ("postgres_conf"), or "" if it takes none.
	Configuration string
	// Spoils is a word of the configuration, in any case, with which the image
	// cannot make accounts whose passwords have quotes or backslashes; "" for
	// none.
	Spoils string
	// InitScripts reports whether it runs scripts on an empty volume.
	InitScripts bool
	// TLSModes are the words for how strict TLS is, the default first; none if
	// it has no TLS.
	TLSModes []string

	// Volumes keep its data.
	Volumes []Volume
	// DataFolders are the folders in which its versions keep their data, the
	// default first; none if all versions keep it where Volumes says.
	DataFolders []DataFolder
	// DataVariable tells the image the folder of the data. Without it an image
	// of another version than expected would keep the data outside the volume.
	DataVariable string
	// Versioned are words in the names of images whose tags begin with the
	// engine's version ("postgres").
	Versioned []string
	// Environment is what the image is told by its environment. No secret is in
	// it, since everybody who may inspect a container reads it.
	Environment []Variable
	// Files are put into the container, beside its configuration.
	Files []File
	// ConfigurationFile is what becomes of the user's configuration.
	ConfigurationFile ConfigurationFile
	// Command is what the container runs, word by word. No secret is in it,
	// since everybody on the server reads it.
	Command []string
	// Health is the POSIX sh script that exits 0 if the database answers a query
	// to those who have the credentials of its URL. It runs in the container
	// every HealthSeconds, 0 for the usual.
	Health        string
	HealthSeconds int
	// TLS is how it is told to use TLS.
	TLS TLS
	// Form is how its connection string is made.
	Form URLForm
}

// Setting is one thing that a user may set.
type Setting struct {
	// Field is its name on the wire ("postgres_user").
	Field string
	// Default is its value when it is not given. A secret has none: it is
	// generated. What has neither may stay empty.
	Default string
	Secret  bool
	// Longest is the most bytes that it may have, 0 for the usual.
	Longest int
	// NoDot refuses a dot in a name, which some versions read as a path.
	NoDot bool
	// Taken are values that the engine keeps for itself.
	Taken []string
}

// Variable is one variable of the container's environment. It is left out
// where its value is empty.
type Variable struct{ Name, Value string }

// Volume is a named volume.
type Volume struct {
	// Name comes before the database's uuid.
	Name string
	// Path is where it is in the container, "" for the mount of the data folder.
	Path string
}

// File is a file in the container.
type File struct {
	// Path is absolute and of the container.
	Path string
	// Text is what it holds.
	Text string
	// Readable files are read by the engine's own user in the container, the
	// others only by root.
	Readable bool
}

// ConfigurationFile is a file of the engine's own settings.
type ConfigurationFile struct {
	// Path is absolute and of the container.
	Path string
	// Before and After stand around what the user gave. What comes last wins.
	Before, After string
	// Always has it written even if the user gave nothing.
	Always bool
	// Command are the words that name it, when it is written.
	Command []string
}

// The folder of Waybill's own files in a container, and what is in it.
const (
	Folder          = "/waybill"
	HealthFile      = Folder + "/health.sh"
	CertificateFile = Folder + "/tls.crt"
	KeyFile         = Folder + "/tls.key"
	ScriptsFolder   = "/docker-entrypoint-initdb.d"
)

// passwordFile is where an engine's entry puts the password of its one user.
const passwordFile = Folder + "/password"

// TLS is how an engine is told to show [CertificateFile].
type TLS struct {
	// Bundle has the certificate in KeyFile too, after the key.
	Bundle bool
	// Owner is whose the key must be, as chown takes it, for an engine that
	// refuses one that others may read. Without, it is one of the readable files.
	Owner string
	// Command are words for all modes, ModeCommand those for some.
	Command     []string
	ModeCommand map[string][]string
	// Configuration goes behind the rest of the configuration file.
	Configuration string
	// Query is the connection string's, by mode.
	Query map[string]string
}

// All returns every engine, in the order in which they are documented.
func All() []Engine { return slices.Concat(relational, redisLike, others) }

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

// PortFor is where it listens in the mode of TLS, "" for none.
func (e Engine) PortFor(mode string) int {
	if mode != "" && e.TLSPort != 0 {
		return e.TLSPort
	}
	return e.Port
}
