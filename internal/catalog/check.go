package catalog

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Bounds of what a draft may hold. Together they keep every entity below the
// 400 KB of a DynamoDB item and every set of secrets below the 8 KB of an SSM
// parameter.
const (
	MaxNameLength        = 255
	MaxDescriptionLength = 1000
	MaxScriptBytes       = 64 << 10
	MaxEnvironmentBytes  = 64 << 10
	MaxVariables         = 200
	MaxSecretsBytes      = 7 << 10
	MaxTimeout           = 24 * time.Hour
)

// Check completes a draft with the defaults of what it leaves out, and returns
// Invalid with every wrong field under its name on the wire. The values of
// secrets are still in the draft then; [SealSecrets] takes them out. Whether
// what the draft refers to exists, and whether a recipe can run it, are for
// others to say.
func Check(draft Entity) error {
	var wrong problems
	wrong.meta(draft.Common())
	switch draft := draft.(type) {
	case *Server:
		wrong.server(draft)
	case *Application:
		wrong.application(draft)
	case *Service:
		wrong.compose(draft.Compose)
	case *Database:
		wrong.database(draft)
	}
	if draft, ok := draft.(Deployable); ok {
		wrong.resource(draft.Shared())
		wrong.secrets(draft)
	}
	return wrong.Err()
}

// problems collects what is wrong with a draft, so that one answer names all
// of it.
type problems struct{ fault.FieldErrors }

// meta trims the name, since white space around one is never meant.
func (p *problems) meta(meta *Meta) {
	meta.Name = strings.TrimSpace(meta.Name)
	switch {
	case meta.Name == "":
		p.Add("name", "must not be empty")
	case !isLabel(meta.Name, MaxNameLength):
		p.Add("name", "must be one line of at most %d characters", MaxNameLength)
	}
	if !isText(meta.Description) || runes(meta.Description) > MaxDescriptionLength {
		p.Add("description", "must be text of at most %d characters", MaxDescriptionLength)
	}
}

// server fills in upstream's defaults before it looks, so that a default out
// of bounds would be found too.
func (p *problems) server(s *Server) {
	s.Port = orDefault(s.Port, DefaultPort)
	s.User = orDefault(s.User, DefaultUser)
	s.DataDir = orDefault(s.DataDir, DefaultDataDir)
	s.Concurrency = orDefault(s.Concurrency, DefaultConcurrency)
	s.QueueLimit = orDefault(s.QueueLimit, DefaultQueueLimit)
	if !isAddress(s.Address) {
		p.Add("ip", "must be an IP address or a host name, without a scheme or a port")
	}
	if s.KeyID.Kind() != KindPrivateKey {
		p.Add("private_key_uuid", "must be the uuid of a private key that exists")
	}
	if !isUserName(s.User) {
		p.Add("user", "must be a Unix user name, such as root: letters, digits, dots, dashes and underscores, at most 64")
	}
	if !isDataDir(s.DataDir) {
		p.Add("data_dir", "must be an absolute path below /, such as %s, of letters, digits, dots, dashes and underscores, without . or .. as a folder and without a slash at its end", DefaultDataDir)
	}
	p.between("port", s.Port, 1, 65535)
	p.between("concurrency", s.Concurrency, 1, MaxConcurrency)
	p.between("queue_limit", s.QueueLimit, 1, MaxQueueLimit)
}

// resource looks at what every kind has.
func (p *problems) resource(r *Resource) {
	r.Timeout = orDefault(r.Timeout, DefaultTimeout)
	r.HealthTimeout = orDefault(r.HealthTimeout, DefaultHealthTimeout)
	if r.ServerID.Kind() != KindServer {
		p.Add("server_uuid", "must be the uuid of a server that exists")
	}
	p.duration("timeout", r.Timeout)
	p.duration("health_timeout", r.HealthTimeout)
	p.environment(r.Environment)
}

// environment names the wrong variable in each problem and never shows a value:
// it may be a secret, and problems are logged and answered.
func (p *problems) environment(variables []Variable) {
	if len(variables) > MaxVariables {
		p.Add("environment", "may have at most %d variables", MaxVariables)
		return
	}
	seen := map[string]bool{}
	plain := 0
	for i, v := range variables {
		switch {
		case !isVariableName(v.Name):
			// The bad name itself is no good name for a field.
			p.Add(fmt.Sprintf("environment.%d", i), "key must be letters, digits and _, not begin with a digit, and have at most 255 characters")
		case seen[v.Name]:
			p.Add(environmentPrefix+v.Name, "is there twice")
		case !isText(v.Value):
			p.Add(environmentPrefix+v.Name, "value must be UTF-8 text without NUL")
		}
		seen[v.Name] = true
		if !v.Secret {
			plain += len(v.Name) + len(v.Value)
		}
	}
	if plain > MaxEnvironmentBytes {
		p.Add("environment", "may have at most %d bytes in all, has %d", MaxEnvironmentBytes, plain)
	}
}

// secrets counts all of the draft's as one set, with the key of the marks that
// will be among them.
func (p *problems) secrets(draft Deployable) {
	set := map[string]string{MarkKeySecret: strings.Repeat("0", hex.EncodedLen(markKeyBytes))}
	for _, secret := range SecretsOf(draft) {
		set[secret.Name] = secret.Value
	}
	if stored := storedBytes(set); stored > MaxSecretsBytes {
		p.Add("environment", "may have at most %d bytes of secrets in all, with passwords and keys, as JSON; has %d", MaxSecretsBytes, stored)
	}
}

// storedBytes is the size of a set of secrets as a vault keeps it.
func storedBytes(secrets map[string]string) int {
	text, err := json.Marshal(secrets)
	if err != nil { // strings always encode
		return 0
	}
	return len(text)
}

// compose looks at the text alone; whether it is a compose file is for the
// recipe to say.
func (p *problems) compose(text string) {
	switch {
	case strings.TrimSpace(text) == "":
		p.Add("docker_compose", "must not be empty")
	case len(text) > MaxComposeBytes:
		p.Add("docker_compose", "may have at most %d bytes, has %d", MaxComposeBytes, len(text))
	case !isText(text):
		p.Add("docker_compose", "must be UTF-8 text without NUL, or the base64 of it")
	}
}

func (p *problems) between(field string, value, least, most int) {
	if value < least || value > most {
		p.Add(field, "must be between %d and %d", least, most)
	}
}

func (p *problems) duration(field string, value time.Duration) {
	if value < time.Second || value > MaxTimeout || value%time.Second != 0 {
		p.Add(field, "must be whole seconds between 1 and %d", int(MaxTimeout.Seconds()))
	}
}

func orDefault[T comparable](value, otherwise T) T {
	var none T
	if value == none {
		return otherwise
	}
	return value
}
