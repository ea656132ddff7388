package wire

import (
	"waybill/internal/catalog"
	"waybill/internal/engine"
)

// Database has the fields of every database. The settings of its engine are
// further members of the same object.
type Database struct {
	Settings
	Container
	DatabaseType string  `json:"database_type"`
	Image        string  `json:"image"`
	DataFolder   *string `json:"data_folder"`
	IsPublic     bool    `json:"is_public"`
	PublicPort   *int    `json:"public_port"`
	EnableSSL    bool    `json:"enable_ssl"`
	SSLMode      *string `json:"ssl_mode"`
}

// DatabaseFiles are not in lists. Every reader may see Certificate, since the
// database shows it to every client that connects.
type DatabaseFiles struct {
	Certificate *string  `json:"ssl_certificate"`
	InitScripts []Script `json:"init_scripts,omitzero"`
}

// Script is an init script of a database.
type Script struct {
	Name     string `json:"name"`
	FileName string `json:"filename"`
	Content  string `json:"content"`
}

// DatabaseURLs are a database's connection strings, with its password.
type DatabaseURLs struct {
	Internal string  `json:"internal_db_url"`
	External *string `json:"external_db_url"`
}

// DatabaseSummary returns a database as lists show it, without its body.
func DatabaseSummary(db *catalog.Database) Merged {
	body := databaseOf(db, false)
	body.Environment = nil
	return Merged{stateOf(&db.Resource), body, PlainSettings(db)}
}

// databaseSettingsOf returns a database's configuration without its secrets. If
// sensitive, it has the init scripts and the configuration file.
func databaseSettingsOf(db *catalog.Database, sensitive bool) Merged {
	settings, files := PlainSettings(db), DatabaseFiles{Certificate: TextOrNull(db.Certificate)}
	if sensitive {
		files.InitScripts = []Script{}
		for _, script := range db.InitScripts {
			files.InitScripts = append(files.InitScripts, Script{script.Name, script.Name, script.Text})
		}
		if db.Configuration != "" {
			settings[db.ConfigurationField()] = db.Configuration
		}
	}
	return Merged{databaseOf(db, sensitive), files, settings}
}

// DatabaseDetails returns a database with its environment and certificate. With
// secrets, it also has the sensitive settings, the passwords and the URLs.
func DatabaseDetails(db *catalog.Database, server *catalog.Server, secrets map[string]string) Merged {
	body := append(Merged{stateOf(&db.Resource)}, databaseSettingsOf(db, secrets != nil)...)
	if secrets == nil {
		return body
	}
	return append(body, secretSettings(db, secrets), databaseURLs(db, server, secrets))
}

func databaseOf(db *catalog.Database, sensitive bool) Database {
	return Database{
		Settings:     settingsOf(&db.Resource, sensitive),
		Container:    containerOf(db.Container),
		DatabaseType: databaseType(db.Engine),
		Image:        db.Image,
		DataFolder:   TextOrNull(db.DataFolder),
		IsPublic:     db.PublicPort != 0,
		PublicPort:   portOrNull(db.PublicPort),
		EnableSSL:    db.TLS != "",
		SSLMode:      TextOrNull(db.TLS),
	}
}

// PlainSettings returns the engine's settings that are set and not secret. It
// takes no other value that the catalog holds, so that it can show no secret.
func PlainSettings(db *catalog.Database) map[string]string {
	known, _ := engine.Find(db.Engine)
	settings := map[string]string{}
	for _, setting := range known.Settings {
		if value := db.Settings[setting.Field]; !setting.Secret && value != "" {
			settings[setting.Field] = value
		}
	}
	return settings
}

// secretSettings returns the engine's secret settings.
func secretSettings(db *catalog.Database, secrets map[string]string) map[string]string {
	known, _ := engine.Find(db.Engine)
	settings := map[string]string{}
	for _, setting := range known.Settings {
		if setting.Secret {
			settings[setting.Field] = secrets[setting.VaultName()]
		}
	}
	return settings
}

func databaseURLs(db *catalog.Database, server *catalog.Server, secrets map[string]string) DatabaseURLs {
	internal, external := catalog.DatabaseURLs(db, server, secrets)
	return DatabaseURLs{Internal: internal, External: TextOrNull(external)}
}
