package wire

import (
	"waybill/internal/catalog"
	"waybill/internal/engine"
)

// Database is what every database has on the wire. The settings of its
// engine stand beside it.
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

// DatabaseFiles are in no list. Certificate is for all who may see the
// database, since it is what everybody is shown who connects to it.
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

// DatabaseURLs are where a database is reached, with its password.
type DatabaseURLs struct {
	Internal string  `json:"internal_db_url"`
	External *string `json:"external_db_url"`
}

// ShowDatabase is a database as lists show it.
func ShowDatabase(db *catalog.Database) Joined {
	body := showDatabaseBody(db, false)
	body.Environment = nil
	return Joined{showState(&db.Resource), body, PlainSettings(db)}
}

// showDatabaseSettings is a database's configuration: all of it but its secrets
// for those who may see what is sensitive.
func showDatabaseSettings(db *catalog.Database, sensitive bool) Joined {
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
	return Joined{showDatabaseBody(db, sensitive), files, settings}
}

// ShowDatabaseInFull adds what lists leave out. With its secrets, passwords and
// the URLs that have them are shown too.
func ShowDatabaseInFull(db *catalog.Database, server *catalog.Server, secrets map[string]string) Joined {
	body := append(Joined{showState(&db.Resource)}, showDatabaseSettings(db, secrets != nil)...)
	if secrets == nil {
		return body
	}
	return append(body, secretSettings(db, secrets), urls(db, server, secrets))
}

func showDatabaseBody(db *catalog.Database, sensitive bool) Database {
	return Database{
		Settings:     showSettings(&db.Resource, sensitive),
		Container:    showContainer(db.Container),
		DatabaseType: databaseType(db.Engine),
		Image:        db.Image,
		DataFolder:   TextOrNull(db.DataFolder),
		IsPublic:     db.PublicPort != 0,
		PublicPort:   portOrNull(db.PublicPort),
		EnableSSL:    db.TLS != "",
		SSLMode:      TextOrNull(db.TLS),
	}
}

// PlainSettings are the engine's settings that are no secrets. Those that are
// not set are left out. Nothing else is shown, whatever the catalog holds.
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

// secretSettings are the others.
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

// urls are where the database is reached: by containers of its server under its
// uuid, and by all others at the server's address if its port is published.
func urls(db *catalog.Database, server *catalog.Server, secrets map[string]string) DatabaseURLs {
	known, _ := engine.Find(db.Engine)
	address := engine.Address{Host: string(db.ID), Values: catalog.AllSettings(db, secrets), TLS: db.TLS, Image: db.Image}
	found := DatabaseURLs{Internal: known.URL(address)}
	if db.PublicPort != 0 && server != nil {
		address.Host, address.Port = server.Address, db.PublicPort
		found.External = TextOrNull(known.URL(address))
	}
	return found
}
