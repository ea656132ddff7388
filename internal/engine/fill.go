package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// hole matches a placeholder in an entry's text: the field of a setting, and the form
// in which its value is quoted.
var hole = regexp.MustCompile(`%\{([a-z_]+)(?::([a-z0-9]+))?\}`)

// forms quote a value for the kinds of files that engines read. Values are printable:
// see [Engine.CheckSetting].
var forms = map[string]func(value string) string{
	"":       func(value string) string { return value },
	"conf":   confText,
	"option": optionText,
	"xml":    xmlText,
	"sha256": sha256Text,
}

// Fill replaces the placeholders of an entry's text by the values of the settings. It
// does not search a value for placeholders. A placeholder of an unknown form stays.
func Fill(text string, values map[string]string) string {
	return hole.ReplaceAllStringFunc(text, func(found string) string {
		match := hole.FindStringSubmatch(found)
		form, known := forms[match[2]]
		if !known {
			return found
		}
		return form(values[match[1]])
	})
}

// confText quotes a value for redis.conf, where only the backslash and the quote itself
// are special between double quotes.
func confText(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// optionText escapes a value for the quotes of a MySQL option file or of a MySQL
// string. These three characters are special in both.
func optionText(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `'`, `\'`).Replace(value)
}

// xmlText escapes a value for an XML file of ClickHouse. Its library would replace a
// ${name} by the value of that name; the name dollar has the value "$".
func xmlText(value string) string {
	return strings.NewReplacer("${", "${dollar}{", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
}

func sha256Text(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// version matches the number at the beginning of a tag, or after pg or v: 16-alpine,
// pg17, v1.34.1.
var version = regexp.MustCompile(`(?:^|[^a-z0-9]|^[a-z]+-)(?:pg|v)?([0-9]{1,6})(?:[^0-9]|$)`)

// major returns the first number of the version in an image's tag. A tag without a
// version counts as the newest, as latest does.
func major(image string) int {
	_, tag := nameAndTag(image)
	if match := version.FindStringSubmatch(tag); match != nil {
		if number, err := strconv.Atoi(match[1]); err == nil {
			return number
		}
	}
	return math.MaxInt
}
