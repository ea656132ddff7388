package catalogapi

import (
	"fmt"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/engine"
)

// warnUnappliedSettings warns of each changed setting that the database applies
// only when it creates its data. It names secrets, but never shows their values.
func warnUnappliedSettings(
	present, draft catalog.Deployable, stored, secrets map[string]string,
) (warnings []string) {
	before, is := present.(*catalog.Database)
	if !is || neverDeployed(before.State) {
		return nil
	}
	after := draft.(*catalog.Database)
	known, _ := engine.Find(before.Engine)
	for _, setting := range known.Settings {
		name := setting.VaultName()
		changed := before.Settings[setting.Field] != after.Settings[setting.Field] ||
			stored[name] != secrets[name]
		if known.SettingsOnce && changed {
			warnings = append(warnings,
				setting.Field+": the existing data keeps the old value; change it in the database, too")
		}
	}
	return warnings
}

// warnOpenPorts warns of each published port that a change removes or moves: the
// running container keeps it open.
func warnOpenPorts(present, draft catalog.Deployable) (warnings []string) {
	before, is := present.(*catalog.Database)
	if !is || neverDeployed(before.State) || before.State.Status == "exited" {
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
