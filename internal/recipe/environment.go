package recipe

import (
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// environmentFile is the name of the file with a resource's variables. Compose reads a
// file of this name by default.
const environmentFile = ".env"

// environment returns the resource's variables with their values, in their order. It
// returns Invalid if a secret variable has no value and the operation starts the
// resource. A stop and a deletion leave such variables out, so that a lost secret
// cannot prevent them.
func (in Input) environment() ([]catalog.Variable, error) {
	resolved := make([]catalog.Variable, 0, len(in.Resource.Shared().Environment))
	for _, variable := range in.Resource.Shared().Environment {
		if variable.Secret {
			value, found := in.Secrets[variable.Name]
			if !found && !in.starts() {
				continue
			}
			if !found {
				return nil, fault.New(fault.Invalid, "The secret variable %s has no value. Set it again.",
					variable.Name)
			}
			variable.Value = value
		}
		resolved = append(resolved, variable)
	}
	return resolved, nil
}

// shellFile writes the variables as assignments for sh, after commands that unset the
// variables of the login session. Between single quotes, only the quote itself needs
// escaping.
func shellFile(variables []catalog.Variable) []byte {
	var out strings.Builder
	out.WriteString(text("forget.sh") + "forget command_needs\n")
	for _, variable := range variables {
		out.WriteString(variable.Name + "=" + quote(variable.Value) + "\n")
	}
	return []byte(out.String())
}

// dotenvEscapes escapes the characters that have a meaning for compose's reader of .env
// files between double quotes. It also escapes a carriage return, because the reader
// drops one before a line feed.
var dotenvEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\r", `\r`)

// dotenvFile writes the variables for docker compose. It uses double quotes because a
// value in single quotes cannot end with a backslash.
func dotenvFile(variables []catalog.Variable) []byte {
	var out strings.Builder
	for _, variable := range variables {
		out.WriteString(variable.Name + `="` + dotenvEscapes.Replace(variable.Value) + "\"\n")
	}
	return []byte(out.String())
}
