package catalog

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"waybill/internal/engine"
)

// Bounds of a database.
const (
	MaxConfigurationBytes = 64 << 10
	MaxInitScripts        = 50
	MaxInitScriptsBytes   = 64 << 10
	MaxCertificateBytes   = 16 << 10
)

// scriptName is a file name that no shell splits and that is not hidden.
var scriptName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// database checks the draft by the rules of its engine.
func (p *problems) database(d *Database) {
	known, ok := engine.Find(d.Engine)
	if !ok {
		p.Add("engine", "must be one of %s", strings.Join(engineNames(), ", "))
		return
	}
	d.Image = orDefault(d.Image, known.Image)
	if _, ok := ParseImageReference(d.Image); !ok {
		p.Add("image", "must be an image, such as %s", known.Image)
	}
	d.DataFolder = orDefault(d.DataFolder, known.ChooseDataFolder(d.Image))
	p.settings(d, known)
	p.configuration(d, known)
	p.initScripts(d, known)
	p.tls(d, known)
	p.databaseContainer(d)
}

func engineNames() []string {
	var names []string
	for _, known := range engine.All() {
		names = append(names, known.Name)
	}
	return names
}

// settings fills in the engine's defaults. Secret settings have no default; they
// are generated when absent. No problem shows a value: it may be a password.
func (p *problems) settings(d *Database, known engine.Engine) {
	for _, setting := range known.Settings {
		if d.Settings[setting.Field] == "" {
			d.setSetting(setting.Field, setting.Default)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(d.Settings)) {
		if wrong := known.CheckSetting(field, d.Settings[field]); wrong != "" {
			p.Add(field, "%s", wrong)
		}
	}
	p.reserved(d.Environment, known)
	if d.State.Status != "" { // the accounts were made
		return
	}
	fields, problem := known.Spoilt(d.Configuration, d.Settings)
	for _, field := range fields {
		p.Add(field, "%s", problem)
	}
}

// reserved refuses variables that Waybill or another field sets.
func (p *problems) reserved(variables []Variable, known engine.Engine) {
	for _, v := range variables {
		switch by := known.SetBy(v.Name); {
		case v.Name == TLSKeySecret:
			p.Add(environmentPrefix+v.Name, "is a name that Waybill uses itself")
		case by == known.Name:
			p.Add(environmentPrefix+v.Name, "is set for the engine already")
		case by != "":
			p.Add(environmentPrefix+v.Name, "is set by the field %s", by)
		}
	}
}

// ConfigurationField returns the API's name of the database's configuration file
// ("postgres_conf"), or "configuration" if its engine takes none.
func (d *Database) ConfigurationField() string {
	known, _ := engine.Find(d.Engine)
	return orDefault(known.Configuration, "configuration")
}

func (p *problems) configuration(d *Database, known engine.Engine) {
	switch field := d.ConfigurationField(); {
	case d.Configuration == "":
	case known.Configuration == "":
		p.Add(field, "is nothing that %s takes", known.Title)
	case len(d.Configuration) > MaxConfigurationBytes || !isText(d.Configuration):
		p.Add(field, "must be UTF-8 text without NUL, at most %d bytes", MaxConfigurationBytes)
	}
}

// initScripts checks the scripts and sorts them in the order in which they run.
func (p *problems) initScripts(d *Database, known engine.Engine) {
	switch {
	case len(d.InitScripts) == 0:
		return
	case !known.InitScripts:
		p.Add("init_scripts", "are nothing that %s runs", known.Title)
		return
	case len(d.InitScripts) > MaxInitScripts:
		p.Add("init_scripts", "may be at most %d", MaxInitScripts)
		return
	}
	size, seen := 0, map[string]bool{}
	for i, script := range d.InitScripts {
		field := fmt.Sprintf("init_scripts.%d", i)
		switch {
		case !isScriptName(script.Name):
			p.Add(field, "name must be that of a file that ends in .sh, .sql or .js, such as 10-roles.sql")
		case seen[script.Name]:
			p.Add(field, "name is there twice")
		case !isText(script.Text):
			p.Add(field, "content must be UTF-8 text without NUL")
		}
		seen[script.Name] = true
		size += len(script.Name) + len(script.Text)
	}
	if size > MaxInitScriptsBytes {
		p.Add("init_scripts", "may have at most %d bytes in all, have %d", MaxInitScriptsBytes, size)
	}
	byName := func(a, b InitScript) int { return strings.Compare(a.Name, b.Name) }
	d.InitScripts = slices.SortedStableFunc(slices.Values(d.InitScripts), byName)
}

func isScriptName(text string) bool {
	return len(text) <= MaxNameLength && scriptName.MatchString(text) &&
		(strings.HasSuffix(text, ".sh") || strings.HasSuffix(text, ".sql") || strings.HasSuffix(text, ".js"))
}

// tls checks the TLS mode and its certificate, and removes certificate and key
// from a draft without TLS. A draft has both, or neither yet: the caller
// generates them later.
func (p *problems) tls(d *Database, known engine.Engine) {
	switch {
	case d.TLS == "":
		d.Certificate, d.TLSKey = "", ""
		return
	case len(known.TLSModes) == 0:
		p.Add("ssl_mode", "cannot be given: %s has no TLS here", known.Title)
		return
	case !slices.Contains(known.TLSModes, d.TLS):
		p.Add("ssl_mode", "must be one of %s", strings.Join(known.TLSModes, ", "))
	}
	if d.Certificate == "" && d.TLSKey == "" {
		return
	}
	if len(d.Certificate) > MaxCertificateBytes || !isCertificate(d.Certificate) {
		p.Add("ssl_certificate", "must be certificates as PEM text, at most %d bytes", MaxCertificateBytes)
		return
	}
	// The cause would not help a client, so it is left out.
	if _, err := tls.X509KeyPair([]byte(d.Certificate), []byte(d.TLSKey)); err != nil && d.TLSKey != "" {
		p.Add("ssl_certificate", "must go with its key")
	}
}

// isCertificate reports whether the text is PEM certificates and nothing else. A
// private key among them would be stored and shown like a certificate.
func isCertificate(text string) bool {
	rest := []byte(text)
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return false
		}
		rest = after
	}
	return strings.TrimSpace(text) != ""
}

// databaseContainer checks the container and refuses the fields that the engine
// decides.
func (p *problems) databaseContainer(d *Database) {
	if d.PublicPort != 0 {
		p.checkRange("public_port", d.PublicPort, 1, maxPort)
	}
	if len(d.Exposes) > 0 {
		p.Add("ports_exposes", "cannot be given: a database listens where its engine does")
	}
	p.mappings(&d.Container, d.PublicPort)
	p.limits(&d.Limits)
	p.healthTimes(&d.Health)
	if d.Health.Command != "" {
		p.Add("health_check_command", "cannot be given: the engine has its own")
	}
	if d.Health.Port != 0 || d.Health.Path != "" {
		p.Add("health_check_path", "cannot be given: the engine has its own")
	}
}
