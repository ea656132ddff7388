package wire

import (
	"encoding/json"
	"maps"
	"slices"

	"waybill/internal/catalog"
)

// ignored are the fields that existing clients send and that mean nothing here, with the
// reason of each. A value that changes nothing, as JSON, needs no warning.
type ignored map[string]struct{ reason, unchanged string }

// ignoredByResources are the ignored fields of resources.
var ignoredByResources = ignored{
	"destination_uuid": {
		"Waybill has no destinations; Docker's networks come from the resource itself", ""},
	"type":                {"the compose file that was sent counts", ""},
	"domains":             {noProxy, ""},
	"autogenerate_domain": {noProxy, ""},
	"connect_to_docker_network": {
		"Waybill connects containers only to the networks that their compose file names", ""},
	"is_container_label_escape_enabled": {"Waybill writes labels as they are", "true"},
	"limits_memory_swappiness":          {"the server's own swappiness counts", "60"},
	"health_check_method":               {httpCheck, `"GET"`},
	"health_check_scheme":               {httpCheck, `"http"`},
	"health_check_host":                 {httpCheck, `"localhost"`},
	"health_check_return_code":          {"every status of 2xx and 3xx is healthy", ""},
}

// ignoredByChanges are the ignored fields of changes of resources, in addition.
var ignoredByChanges = ignored{
	instantDeploy: {"a change starts nothing; a restart applies it", ""},
}

// ignoredByComposeFiles are the fields that an application with a compose file ignores.
// Existing clients send ports for every repository.
var ignoredByComposeFiles = ignored{"ports_exposes": {"the compose file names its own ports", ""}}

// ignoredByServers are the ignored fields of servers.
var ignoredByServers = ignored{
	"is_build_server": {"every server builds its own images", ""},
	"proxy_type":      {noProxy, `"none"`},
}

// ignoredByServerChanges are the ignored fields of changes of servers, in addition.
var ignoredByServerChanges = ignored{
	"instant_validate": {
		"the server was not validated; POST /servers/{uuid}/validate does it", ""},
}

const httpCheck = "a health check over HTTP sends GET to 127.0.0.1 in the container"

const noProxy = "Waybill runs no reverse proxy; publish a port with ports_mappings or in the compose file"

// empty are the JSON values with which a client says nothing.
var empty = []string{"", "null", `""`, "false", "[]", "{}", "0"}

// warnings returns a sentence about each field of the members that is ignored.
func (all ignored) warnings(members map[string]json.RawMessage) []string {
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := string(members[name])
		if field := all[name]; !slices.Contains(empty, value) && value != field.unchanged {
			warnings = append(warnings, name+" is ignored: "+field.reason+".")
		}
	}
	return warnings
}

// has reports whether a field is ignored.
func (all ignored) has(name string) bool {
	_, is := all[name]
	return is
}

// ResourceWarnings returns a sentence about each ignored field of the body that creates a
// resource.
func ResourceWarnings(body []byte) ([]string, error) {
	members, err := Decode[map[string]json.RawMessage](body)
	warnings := ignoredByResources.warnings(members)
	if TextOf(members["build_pack"]) == string(catalog.PackCompose) {
		warnings = append(warnings, ignoredByComposeFiles.warnings(members)...)
	}
	return warnings, err
}

// ChangeWarnings returns a sentence about each ignored field of the body that changes a
// resource.
func ChangeWarnings(body []byte) ([]string, error) {
	members, err := Decode[map[string]json.RawMessage](body)
	return append(ignoredByResources.warnings(members), ignoredByChanges.warnings(members)...), err
}

// ServerWarnings returns a sentence about each ignored field of the body that creates a
// server.
func ServerWarnings(body []byte) ([]string, error) {
	members, err := Decode[map[string]json.RawMessage](body)
	return ignoredByServers.warnings(members), err
}

// ServerChangeWarnings returns a sentence about each ignored field of the body that changes a
// server.
func ServerChangeWarnings(body []byte) ([]string, error) {
	members, err := Decode[map[string]json.RawMessage](body)
	return append(ignoredByServers.warnings(members), ignoredByServerChanges.warnings(members)...), err
}

// Changes returns the members of a patch. An empty text counts as absent: existing clients
// send one for each field that their user has left out.
func Changes(patch []byte) (map[string]json.RawMessage, error) {
	changes, err := Decode[map[string]json.RawMessage](patch)
	maps.DeleteFunc(changes, func(_ string, value json.RawMessage) bool { return string(value) == `""` })
	return changes, err
}
