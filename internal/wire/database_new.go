package wire

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// NewDatabase is what a client gives of any database. What its engine takes
// beside that, by the engine's own names, is in no field here.
type NewDatabase struct {
	NewResource
	NewContainer
	Image       string      `json:"image"`
	IsPublic    bool        `json:"is_public"`
	PublicPort  int         `json:"public_port"`
	EnableSSL   bool        `json:"enable_ssl"`
	SSLMode     string      `json:"ssl_mode"`
	InitScripts []NewScript `json:"init_scripts"`
}

// NewScript is a script under either of its names.
type NewScript struct {
	Name     string `json:"name,omitempty"`
	FileName string `json:"filename,omitempty"`
	Content  string `json:"content"`
}

// DatabaseForm is the form of the engine's databases.
func DatabaseForm(of engine.Engine) Form {
	return Form{
		name: databaseType(of.Name),
		Kind: catalog.KindDatabase,
		Read: func(body []byte, common catalog.Resource) (catalog.Deployable, error) {
			return readDatabase(of, body, common)
		},
		Write: func(d catalog.Deployable) any {
			db := d.(*catalog.Database)
			return Joined{writeDatabase(db), writeEngine(of, db)}
		},
		also: []string{"database_type"},
	}
}

// databaseType is an engine's name as upstream writes it.
func databaseType(engineName string) string { return "standalone-" + engineName }

// readDatabase makes a database of a body.
func readDatabase(of engine.Engine, body []byte, common catalog.Resource) (catalog.Deployable, error) {
	given, err := Decode[NewDatabase](body)
	if err != nil {
		return nil, err
	}
	db := &catalog.Database{Resource: common, Engine: of.Name, Image: given.Image, Container: given.container()}
	if err := readEngine(of, body, db); err != nil {
		return nil, err
	}
	if db.PublicPort, err = given.public(); err != nil {
		return nil, err
	}
	if db.TLS, err = given.tls(of); err != nil {
		return nil, err
	}
	db.InitScripts, err = given.scripts()
	return db, err
}

// public is the port that is published, 0 for none.
func (n NewDatabase) public() (int, error) {
	switch {
	case n.IsPublic && n.PublicPort == 0:
		return 0, fault.InvalidField("public_port", "is required where is_public is true; it must be a whole number from 1 to 65535")
	case !n.IsPublic && n.PublicPort != 0:
		return 0, fault.InvalidField("is_public", "must be true where public_port is given")
	}
	return n.PublicPort, nil
}

// tls is the engine's word for how strict it is, its own default where none is
// given.
func (n NewDatabase) tls(of engine.Engine) (string, error) {
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

// scripts are the scripts by their names.
func (n NewDatabase) scripts() ([]catalog.InitScript, error) {
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

// readEngine takes what the engine alone takes out of a body. Invalid, naming
// it, if something is there that neither the engine nor anybody else takes.
func readEngine(of engine.Engine, body []byte, db *catalog.Database) error {
	all, err := Decode[map[string]json.RawMessage](body)
	if err != nil {
		return err
	}
	shared, err := Members(NewDatabase{})
	if err != nil {
		return err
	}
	maps.DeleteFunc(all, func(name string, value json.RawMessage) bool {
		_, known := shared[name]
		return known || IsNull(value) || name == "instant_deploy" || name == "database_type"
	})
	db.Settings = map[string]string{}
	if err := unknownSettings(of, Without(all, engineFields(of))); err != nil {
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

// titleOf names the kind of a JSON value that is no text.
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

// unknownSettings is Invalid with what is left of a body, unless nothing is.
func unknownSettings(of engine.Engine, left map[string]json.RawMessage) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(left)) {
		field := name
		if !IsPlain(strings.ReplaceAll(name, "_", "-")) || len(name) > longestField {
			field = "body" // the bad name itself is no good name for a field
		}
		wrong.Add(field, "is not known here; beside what every database takes, %s takes %s", of.Title, strings.Join(engineFields(of), ", "))
	}
	return wrong.Err()
}

// longestField is how long a name may be that is repeated to a client.
const longestField = 64

// engineFields are the names of what the engine alone takes.
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

// writeDatabase is the opposite of readDatabase for what every database has.
func writeDatabase(db *catalog.Database) NewDatabase {
	given := NewDatabase{
		NewResource:  writeResource(&db.Resource),
		NewContainer: writeContainer(db.Container),
		Image:        db.Image,
		IsPublic:     db.PublicPort != 0,
		PublicPort:   db.PublicPort,
		EnableSSL:    db.TLS != "",
		SSLMode:      db.TLS,
		InitScripts:  []NewScript{},
	}
	for _, script := range db.InitScripts {
		given.InitScripts = append(given.InitScripts, NewScript{Name: script.Name, Content: script.Text})
	}
	return given
}

// writeEngine is the rest of it. Secrets, and what is not set, are null.
func writeEngine(of engine.Engine, db *catalog.Database) map[string]*string {
	given := map[string]*string{}
	for _, setting := range of.Settings {
		given[setting.Field] = TextOrNull(db.Settings[setting.Field])
	}
	if of.Configuration != "" {
		given[of.Configuration] = TextOrNull(db.Configuration)
	}
	return given
}
