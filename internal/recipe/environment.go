package recipe

import (
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// environmentFile is the name of the file with a resource's variables. It is
// the one that compose reads by itself.
const environmentFile = ".env"

// environment resolves the resource's variables, in their order. Invalid if a
// secret one has no value; but nothing that is lost keeps a resource from being
// stopped.
func (in Input) environment() ([]catalog.Variable, error) {
	resolved := make([]catalog.Variable, 0, len(in.Resource.Shared().Environment))
	for _, variable := range in.Resource.Shared().Environment {
		if variable.Secret {
			value, found := in.Secrets[variable.Name]
			if !found && !in.starts() {
				continue
			}
			if !found {
				return nil, fault.New(fault.Invalid, "The secret variable %s has no value. Set it again.", variable.Name)
			}
			variable.Value = value
		}
		resolved = append(resolved, variable)
	}
	return resolved, nil
}

// shellFile writes the variables as assignments for sh, after lines that forget
// those of the login session. Nothing between single quotes is special but the
// quote itself.
func shellFile(variables []catalog.Variable) []byte {
	var out strings.Builder
	out.WriteString(text("forget.sh") + "forget command_needs\n")
	for _, variable := range variables {
		out.WriteString(variable.Name + "='" + strings.ReplaceAll(variable.Value, "'", `'\''`) + "'\n")
	}
	return []byte(out.String())
}

// dotenvEscapes are what compose's reader of .env files would take for more
// than itself inside of double quotes. A carriage return is escaped because
// the reader drops one before a line feed.
var dotenvEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\r", `\r`)

// dotenvFile writes the variables for docker compose. Double quotes, because
// in single ones a value cannot end with a backslash.
func dotenvFile(variables []catalog.Variable) []byte {
	var out strings.Builder
	for _, variable := range variables {
		out.WriteString(variable.Name + `="` + dotenvEscapes.Replace(variable.Value) + "\"\n")
	}
	return []byte(out.String())
}
