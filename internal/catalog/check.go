package catalog

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Bounds of a draft. MaxSecretsBytes bounds the secrets of an entity with their names, as
// JSON.
const (
	MaxNameLength        = 255
	MaxDescriptionLength = 1000
	MaxScriptBytes       = 64 << 10
	MaxEnvironmentBytes  = 64 << 10
	MaxVariables         = 200
	MaxSecretsBytes      = 64 << 10
	MaxTimeout           = 24 * time.Hour
)

// Check fills in the defaults of a draft and validates it. The error is Invalid
// and lists every wrong field under its name in the API. The draft still carries
// the values of its secrets; [SealSecrets] takes them out. Check does not test
// whether the entities that the draft refers to exist, nor whether a recipe can
// run it.
func Check(draft Entity) error {
	var wrong problems
	wrong.meta(draft.Common())
	switch draft := draft.(type) {
	case *Server:
		wrong.server(draft)
	case *Registry:
		wrong.registry(draft)
	case *Notification:
		wrong.notification(draft)
	case *Application:
		wrong.application(draft)
	case *Service:
		wrong.compose(draft.Compose)
	case *Database:
		wrong.database(draft)
	}
	if draft, ok := draft.(Deployable); ok {
		wrong.resource(draft.Shared())
		wrong.triggers(draft)
		wrong.secrets(draft)
		wrong.sizes(draft)
	}
	return wrong.Err()
}

// problems collects all errors of a draft, so that one answer lists them all.
type problems struct{ fault.FieldErrors }

// meta trims the name: white space around it is never intended.
func (p *problems) meta(meta *Meta) {
	meta.Name = strings.TrimSpace(meta.Name)
	switch {
	case meta.Name == "":
		p.Add("name", "must not be empty")
	case !IsLine(meta.Name, MaxNameLength):
		p.Add("name", "must be one line of at most %d characters", MaxNameLength)
	}
	if !isProse(meta.Description, MaxDescriptionLength) {
		p.Add("description", "must be text of at most %d characters, without control characters",
			MaxDescriptionLength)
	}
}

// server fills in upstream's defaults before it checks the bounds, so that the
// defaults are checked too.
func (p *problems) server(s *Server) {
	s.Port = orDefault(s.Port, DefaultPort)
	s.User = orDefault(s.User, DefaultUser)
	s.DataDir = orDefault(s.DataDir, DefaultDataDir)
	s.Concurrency = orDefault(s.Concurrency, DefaultConcurrency)
	s.QueueLimit = orDefault(s.QueueLimit, DefaultQueueLimit)
	s.ServiceDomain = strings.ToLower(s.ServiceDomain)
	if !isAddress(s.Address) {
		p.Add("ip", "must be an IP address or a host name, without a scheme or a port")
	}
	if s.KeyID.Kind() != KindPrivateKey {
		p.Add("private_key_uuid", "must be the uuid of a private key that exists")
	}
	if s.ProxyJump != "" && (s.ProxyJump.Kind() != KindServer || s.ProxyJump == s.ID) {
		p.Add("proxy_jump", "must be the uuid of another server, or null")
	}
	if !isUserName(s.User) {
		p.Add("user", "must be a Unix user name, such as root: "+
			"letters, digits, dots, dashes and underscores, at most 64")
	}
	if !isDataDir(s.DataDir) {
		p.Add("data_dir", "must be an absolute path below /, such as %s, of letters, digits, dots, dashes "+
			"and underscores, without . or .. as a folder and without a slash at its end", DefaultDataDir)
	}
	if s.ServiceDomain != "" && !isDomain(s.ServiceDomain) {
		p.Add("service_domain", "must be a domain, such as apps.example.com, without a scheme, a port "+
			"or *., and of at most %d characters", maxServiceDomain)
	}
	p.checkRange("port", s.Port, 1, 65535)
	p.checkRange("concurrency", s.Concurrency, 1, MaxConcurrency)
	p.checkRange("queue_limit", s.QueueLimit, 1, MaxQueueLimit)
	p.windows("windows.", s.Windows)
}

// resource checks the fields that all kinds of resources have.
func (p *problems) resource(r *Resource) {
	r.Timeout = orDefault(r.Timeout, DefaultTimeout)
	r.HealthTimeout = orDefault(r.HealthTimeout, DefaultHealthTimeout)
	if r.ServerID.Kind() != KindServer {
		p.Add("server_uuid", "must be the uuid of a server that exists")
	}
	p.duration("timeout", r.Timeout)
	p.duration("health_timeout", r.HealthTimeout)
	p.retention(r.Retention)
	p.windows("windows.", r.Windows)
	p.labels(&r.Labels)
	if n := len(r.Environment) + len(r.Previews); n > MaxVariables {
		p.Add("environment", "may have at most %d variables, has %d", MaxVariables, n)
		return
	}
	plain := p.variables(r.Environment, false) + p.variables(r.Previews, true)
	if plain > MaxEnvironmentBytes {
		p.Add("environment", "may have at most %d bytes in all, has %d", MaxEnvironmentBytes, plain)
	}
}

// variables names the wrong variable in each problem and never shows its value. The value
// may be a secret, and problems are logged and sent to clients. It returns the size of the
// plain variables.
func (p *problems) variables(list []Variable, preview bool) (plain int) {
	seen := map[string]bool{}
	for i, v := range list {
		field := VariableField(v.Name, preview)
		switch {
		case !isVariableName(v.Name):
			// The bad name would be unusable as a field name.
			p.Add(VariableField(strconv.Itoa(i), preview), "key must be letters, digits and _, "+
				"not begin with a digit, and have at most 255 characters")
		case seen[v.Name]:
			p.Add(field, "is there twice")
		case !isText(v.Value):
			p.Add(field, "value must be UTF-8 text without NUL")
		case !isProse(v.Notes.Comment, MaxCommentLength):
			p.Add(field, "comment must be text of at most %d characters", MaxCommentLength)
		}
		seen[v.Name] = true
		if !v.Secret {
			plain += len(v.Name) + len(v.Value)
		}
	}
	return plain
}

// secrets checks the size of all secrets of the draft as one set, including the
// key of their digests, which is stored with them.
func (p *problems) secrets(draft Deployable) {
	set := map[string]string{DigestKeySecret: strings.Repeat("0", hex.EncodedLen(digestKeyBytes))}
	for _, secret := range SecretsOf(draft) {
		set[secret.Name] = secret.Value
	}
	if stored := storedBytes(set); stored > MaxSecretsBytes {
		p.Add("environment", "may have at most %d bytes of secrets in all, with passwords and keys, as "+
			"JSON; has %d",
			MaxSecretsBytes, stored)
	}
}

// storedBytes returns the size of a set of secrets in the vault's encoding.
func storedBytes(secrets map[string]string) int {
	text, err := json.Marshal(secrets)
	if err != nil { // strings always encode
		return 0
	}
	return len(text)
}

// compose checks the text only; package recipe decides whether it is a valid
// compose file.
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

func (p *problems) checkRange(field string, value, least, most int) {
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
