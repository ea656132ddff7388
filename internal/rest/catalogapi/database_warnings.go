package catalogapi

import (
	"fmt"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/engine"
)

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
