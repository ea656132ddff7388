package wire

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// DatabaseInput creates a database. It lacks the settings of the engine, whose
// names differ from engine to engine.
type DatabaseInput struct {
	ResourceInput
	ContainerInput
	Image       string        `json:"image"`
	IsPublic    bool          `json:"is_public"`
	PublicPort  int           `json:"public_port"`
	EnableSSL   bool          `json:"enable_ssl"`
	SSLMode     string        `json:"ssl_mode"`
	InitScripts []ScriptInput `json:"init_scripts"`
}

// ScriptInput is an init script, named by name or by filename.
type ScriptInput struct {
	Name     string `json:"name,omitempty"`
	FileName string `json:"filename,omitempty"`
	Content  string `json:"content"`
}

// DatabaseCodec returns the codec of the engine's databases.
func DatabaseCodec(of engine.Engine) Codec {
	return Codec{
		name: databaseType(of.Name),
		Kind: catalog.KindDatabase,
		Decode: func(body []byte, common catalog.Resource) (catalog.Deployable, error) {
			return readDatabase(of, body, common)
		},
		Encode: encoder(func(db *catalog.Database) Merged {
			return Merged{databaseInput(db), engineInput(of, db)}
		}),
		optional: []string{"database_type"},
	}
}

// databaseType returns an engine's name as upstream writes it.
func databaseType(engineName string) string { return "standalone-" + engineName }

func readDatabase(of engine.Engine, body []byte, common catalog.Resource) (catalog.Deployable, error) {
	given, err := Decode[DatabaseInput](body)
	if err != nil {
		return nil, err
	}
	db := &catalog.Database{
		Resource: common, Engine: of.Name, Image: given.Image, Container: given.container(),
	}
	if err := readEngineFields(of, body, db); err != nil {
		return nil, err
	}
	if db.PublicPort, err = given.publishedPort(); err != nil {
		return nil, err
	}
	if db.TLS, err = given.tlsMode(of); err != nil {
		return nil, err
	}
	db.InitScripts, err = given.initScripts()
	return db, err
}

// publishedPort returns the port to publish, or 0.
func (n DatabaseInput) publishedPort() (int, error) {
	switch {
	case n.IsPublic && n.PublicPort == 0:
		return 0, fault.InvalidField("public_port",
			"is required where is_public is true; it must be a whole number from 1 to 65535")
	case !n.IsPublic && n.PublicPort != 0:
		return 0, fault.InvalidField("is_public", "must be true where public_port is given")
	}
	return n.PublicPort, nil
}

// tlsMode returns the engine's TLS mode, or "" without TLS. The default is the
// engine's own.
func (n DatabaseInput) tlsMode(of engine.Engine) (string, error) {
	switch {
	case !n.EnableSSL && n.SSLMode != "":
		return "", fault.InvalidField("enable_ssl", "must be true where ssl_mode is given")
	case n.EnableSSL && len(of.TLSModes) == 0:
		return "", fault.InvalidField("enable_ssl", "cannot be true: %s has no TLS here", of.Title)
	case n.EnableSSL && n.SSLMode == "":
		return of.TLSModes[0], nil
	}
	return n.SSLMode, nil
}

func (n DatabaseInput) initScripts() ([]catalog.InitScript, error) {
	var scripts []catalog.InitScript
	for _, given := range n.InitScripts {
		name := cmp.Or(given.Name, given.FileName)
		if given.FileName != "" && given.FileName != name {
			return nil, fault.InvalidField("init_scripts", "must each have one name, as name or as filename")
		}
		scripts = append(scripts, catalog.InitScript{Name: name, Text: given.Content})
	}
	return scripts, nil
}

// readEngineFields reads the settings of the engine from a body into the
// database. Invalid, naming it, if the body has a field that neither every
// database nor the engine has.
func readEngineFields(of engine.Engine, body []byte, db *catalog.Database) error {
	all, err := Decode[map[string]json.RawMessage](body)
	if err != nil {
		return err
	}
	shared, err := Members(DatabaseInput{})
	if err != nil {
		return err
	}
	maps.DeleteFunc(all, func(name string, value json.RawMessage) bool {
		_, known := shared[name]
		return known || IsNull(value) || name == instantDeploy || name == "database_type" ||
			name == environmentUUID || ignoredByResources.has(name)
	})
	db.Settings = map[string]string{}
	if err := refuseUnknown(of, Without(all, engineFields(of))); err != nil {
		return err
	}
	for _, field := range engineFields(of) {
		value, given := all[field]
		switch {
		case !given:
		case !isText(value):
			return fault.InvalidField(field, "must be text, not %s", titleOf(value))
		case field == of.Configuration:
			db.Configuration = configurationText(TextOf(value))
		default:
			db.Settings[field] = TextOf(value)
		}
	}
	return nil
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }

// titleOf names the type of a JSON value that is not text.
func titleOf(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// refuseUnknown returns Invalid with every field of unknown, or nil if it is
// empty.
func refuseUnknown(of engine.Engine, unknown map[string]json.RawMessage) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		field := name
		if !fieldNames.MatchString(name) {
			field = "body" // an error does not repeat such a name
		}
		wrong.Add(field, "is not known here; besides the fields of every database, %s takes %s", of.Title,
			strings.Join(engineFields(of), ", "))
	}
	return wrong.Err()
}

// fieldNames matches the names of unknown fields that an error repeats.
var fieldNames = regexp.MustCompile(`^[0-9A-Za-z_-]{0,64}$`)

// engineFields returns the names of the engine's settings.
func engineFields(of engine.Engine) []string {
	var names []string
	for _, setting := range of.Settings {
		names = append(names, setting.Field)
	}
	if of.Configuration != "" {
		names = append(names, of.Configuration)
	}
	return names
}

// databaseInput returns the input that would create the database. It lacks the
// settings of the engine.
func databaseInput(db *catalog.Database) DatabaseInput {
	given := DatabaseInput{
		ResourceInput:  resourceInput(&db.Resource),
		ContainerInput: containerInput(db.Container),
		Image:          db.Image,
		IsPublic:       db.PublicPort != 0,
		PublicPort:     db.PublicPort,
		EnableSSL:      db.TLS != "",
		SSLMode:        db.TLS,
		InitScripts:    []ScriptInput{},
	}
	for _, script := range db.InitScripts {
		given.InitScripts = append(given.InitScripts, ScriptInput{Name: script.Name, Content: script.Text})
	}
	return given
}

// engineInput returns the settings of the engine. Secret and unset ones are null.
func engineInput(of engine.Engine, db *catalog.Database) map[string]*string {
	given := map[string]*string{}
	for _, setting := range of.Settings {
		given[setting.Field] = TextOrNull(db.Settings[setting.Field])
	}
	if of.Configuration != "" {
		given[of.Configuration] = TextOrNull(db.Configuration)
	}
	return given
}
