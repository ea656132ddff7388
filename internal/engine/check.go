package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of settings. A shorter password would occur in a log by chance and could not
// be redacted. PostgreSQL truncates longer names, and MySQL refuses longer passwords.
const (
	shortestPassword = 4
	longestPassword  = 200
	longestName      = 63
	longestText      = 1000
)

// name matches the names of users and databases. Names are used in scripts, in SQL
// and as elements of XML, so they have no character that is syntax in any of these.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// CheckSetting returns the problem with the value of a setting, as the rest of a
// sentence that begins with the field's name ("must be ..."), or "" if the value is
// valid. The text never quotes the value.
func (e Engine) CheckSetting(field, value string) string {
	i := slices.IndexFunc(e.Settings, func(s Setting) bool { return s.Field == field })
	if i < 0 {
		return fmt.Sprintf("is no setting of %s, which has %s", e.Title, strings.Join(e.fields(), ", "))
	}
	switch setting := e.Settings[i]; {
	case setting.Secret:
		return checkPassword(value)
	case setting.Default != "":
		return checkName(setting, value)
	case len(value) > longestText || !printable(value):
		return fmt.Sprintf("must be one line of at most %d bytes", longestText)
	}
	return ""
}

// fields returns the wire names of the settings.
func (e Engine) fields() []string {
	var fields []string
	for _, setting := range e.Settings {
		fields = append(fields, setting.Field)
	}
	if e.Configuration != "" {
		fields = append(fields, e.Configuration)
	}
	return fields
}

// checkPassword refuses values that an engine cannot read: most of them read a
// password as one line.
func checkPassword(value string) string {
	switch {
	case utf8.RuneCountInString(value) < shortestPassword || len(value) > longestPassword:
		return fmt.Sprintf("must have at least %d characters and at most %d bytes", shortestPassword,
			longestPassword)
	case !printable(value):
		return "must be one line of UTF-8 text: the engines read a password as a line, so it cannot hold " +
			"line breaks, tabs or other control characters"
	}
	return ""
}

func checkName(setting Setting, value string) string {
	longest := longestName
	if setting.Longest > 0 {
		longest = setting.Longest
	}
	switch {
	case len(value) > longest || !name.MatchString(value):
		return fmt.Sprintf("must be letters, digits, _, . and -, begin with a letter or _, and have at "+
			"most %d characters", longest)
	case setting.NoDot && strings.Contains(value, "."):
		return "must have no dot, which older versions do not take in it"
	case slices.Contains(setting.Taken, value):
		return fmt.Sprintf("must not be %s, which the engine has for itself", value)
	}
	return ""
}

// Spoilt returns the secret settings with which the image cannot create accounts
// because of the configuration, and the problem with them, as the rest of a sentence
// that begins with the field's name.
func (e Engine) Spoilt(configuration string, settings map[string]string) (fields []string, problem string) {
	if e.Spoils == "" || !slices.ContainsFunc(strings.Split(configuration, "\n"), e.spoils) {
		return nil, ""
	}
	for _, setting := range e.Settings {
		if setting.Secret && strings.ContainsAny(settings[setting.Field], "'\"\\") {
			fields = append(fields, setting.Field)
		}
	}
	return fields, fmt.Sprintf("must have no quotes and no backslashes, since %s has %s: "+
		"with that, the image cannot make an account with them", e.Configuration, e.Spoils)
}

// spoils reports whether the line has the text of Spoils and is not a comment.
func (e Engine) spoils(line string) bool {
	line = strings.TrimSpace(line)
	comment := strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";")
	return !comment && strings.Contains(strings.ToUpper(line), e.Spoils)
}

// printable reports whether text is one line of UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// SetBy returns the field that sets the environment variable with the name, or the
// engine's name if the engine sets it without a field. It returns "" if a user's
// variable may have the name.
func (e Engine) SetBy(variable string) string {
	for _, setting := range e.Settings {
		if name := setting.VaultName(); variable == name || variable == name+"_FILE" {
			return setting.Field
		}
	}
	for _, own := range e.EnvironmentFor("") {
		if own.Name == variable {
			return e.Name
		}
	}
	return ""
}
