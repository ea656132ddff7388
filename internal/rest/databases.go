package rest

import (
	"context"
	"fmt"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/engine"
)

// databaseBody is what every database has on the wire. The settings of its
// engine stand beside it.
type databaseBody struct {
	settingsBody
	containerBody
	DatabaseType string  `json:"database_type"`
	Image        string  `json:"image"`
	DataFolder   *string `json:"data_folder"`
	IsPublic     bool    `json:"is_public"`
	PublicPort   *int    `json:"public_port"`
	EnableSSL    bool    `json:"enable_ssl"`
	SSLMode      *string `json:"ssl_mode"`
}

// databaseFiles are in no list. Certificate is for all who may see the
// database, since it is what everybody is shown who connects to it.
type databaseFiles struct {
	Certificate *string      `json:"ssl_certificate"`
	InitScripts []scriptBody `json:"init_scripts,omitzero"`
}

type scriptBody struct {
	Name     string `json:"name"`
	FileName string `json:"filename"`
	Content  string `json:"content"`
}

// databaseURLs are where a database is reached, with its password.
type databaseURLs struct {
	Internal string  `json:"internal_db_url"`
	External *string `json:"external_db_url"`
}

// showDatabase is a database as lists show it.
func showDatabase(db *catalog.Database) joined {
	body := showDatabaseBody(db, false)
	body.Environment = nil
	return joined{showState(&db.Resource), body, plainSettings(db)}
}

// showDatabaseSettings is a database's configuration: all of it but its secrets
// for those who may see what is sensitive.
func showDatabaseSettings(db *catalog.Database, sensitive bool) joined {
	settings, files := plainSettings(db), databaseFiles{Certificate: textOrNull(db.Certificate)}
	if sensitive {
		files.InitScripts = []scriptBody{}
		for _, script := range db.InitScripts {
			files.InitScripts = append(files.InitScripts, scriptBody{script.Name, script.Name, script.Text})
		}
		if db.Configuration != "" {
			settings[db.ConfigurationField()] = db.Configuration
		}
	}
	return joined{showDatabaseBody(db, sensitive), files, settings}
}

// showWholeDatabase adds what lists leave out. With its secrets, passwords and
// the URLs that have them are shown too.
func showWholeDatabase(db *catalog.Database, server *catalog.Server, secrets map[string]string) joined {
	body := append(joined{showState(&db.Resource)}, showDatabaseSettings(db, secrets != nil)...)
	if secrets == nil {
		return body
	}
	return append(body, secretSettings(db, secrets), urls(db, server, secrets))
}

func showDatabaseBody(db *catalog.Database, sensitive bool) databaseBody {
	return databaseBody{
		settingsBody:  showSettings(&db.Resource, sensitive),
		containerBody: showContainer(db.Container),
		DatabaseType:  databaseType(db.Engine),
		Image:         db.Image,
		DataFolder:    textOrNull(db.DataFolder),
		IsPublic:      db.PublicPort != 0,
		PublicPort:    portOrNull(db.PublicPort),
		EnableSSL:     db.TLS != "",
		SSLMode:       textOrNull(db.TLS),
	}
}

// plainSettings are the engine's settings that are no secrets. Those that are
// not set are left out. Nothing else is shown, whatever the catalog holds.
func plainSettings(db *catalog.Database) map[string]string {
	known, _ := engine.Find(db.Engine)
	settings := map[string]string{}
	for _, setting := range known.Settings {
		if value := db.Settings[setting.Field]; !setting.Secret && value != "" {
			settings[setting.Field] = value
		}
	}
	return settings
}

// unreached warns of each setting that is changed and that the data of the
// database does not take over any more. The names of secrets are named, not what
// they are.
func unreached(present, draft catalog.Deployable, kept, secrets map[string]string) (warnings []string) {
	before, is := present.(*catalog.Database)
	if !is || unused(before.State) {
		return nil
	}
	after := draft.(*catalog.Database)
	known, _ := engine.Find(before.Engine)
	for _, setting := range known.Settings {
		name := setting.VaultName()
		if known.SettingsOnce && (before.Settings[setting.Field] != after.Settings[setting.Field] || kept[name] != secrets[name]) {
			warnings = append(warnings, setting.Field+": the data keeps what it was made with; change it in the database, too")
		}
	}
	return warnings
}

// stillOpen warns of each published port that a change takes away or moves: the
// container that runs keeps it open.
func stillOpen(present, draft catalog.Deployable) (warnings []string) {
	before, is := present.(*catalog.Database)
	if !is || unused(before.State) || before.State.Status == "exited" {
		return nil
	}
	after := draft.(*catalog.Database)
	const until = " stays open on the server until the database is restarted"
	if before.PublicPort != 0 && after.PublicPort != before.PublicPort {
		warnings = append(warnings, fmt.Sprintf("public_port: %d%s", before.PublicPort, until))
	}
	for _, mapping := range before.Mappings {
		if !slices.Contains(after.Mappings, mapping) {
			warnings = append(warnings, "ports_mappings: "+mapping+until)
		}
	}
	return warnings
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
func urls(db *catalog.Database, server *catalog.Server, secrets map[string]string) databaseURLs {
	known, _ := engine.Find(db.Engine)
	address := engine.Address{Host: string(db.ID), Values: catalog.AllSettings(db, secrets), TLS: db.TLS, Image: db.Image}
	found := databaseURLs{Internal: known.URL(address)}
	if db.PublicPort != 0 && server != nil {
		address.Host, address.Port = server.Address, db.PublicPort
		found.External = textOrNull(known.URL(address))
	}
	return found
}

// listDatabases answers all of them as a bare array.
func (k keeper) listDatabases(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindDatabase, showDatabase)
}
