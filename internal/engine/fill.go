package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// hole is a place in an entry's text that a setting fills: its field, and the
// form in which it stands there.
var hole = regexp.MustCompile(`%\{([a-z_]+)(?::([a-z0-9]+))?\}`)

// forms are how a value is written for those who read it. Values are printable:
// see [Engine.CheckSetting].
var forms = map[string]func(value string) string{
	"":       func(value string) string { return value },
	"conf":   confText,
	"option": optionText,
	"xml":    xmlText,
	"sha256": sha256Text,
}

// Fill fills the holes of an entry's text with the values of the settings. What
// a value holds is not looked at again. A hole of no known form stays.
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

// confText writes a value for redis.conf, where only backslash and the quote
// itself are special between double quotes.
func confText(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// optionText writes a value that stands between quotes of an option file of
// MySQL, or of a string of its SQL. Both take these three for themselves.
func optionText(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `'`, `\'`).Replace(value)
}

// xmlText writes a value for an XML file that ClickHouse reads. Where ${ is in
// one, its library would look for what it names; the name dollar stands for a
// dollar sign.
func xmlText(value string) string {
	return strings.NewReplacer("${", "${dollar}{", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
}

func sha256Text(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// version is the number that a tag begins with, or that follows pg or v in it:
// 16-alpine, pg17, v1.34.1.
var version = regexp.MustCompile(`(?:^|[^a-z0-9]|^[a-z]+-)(?:pg|v)?([0-9]{1,6})(?:[^0-9]|$)`)

// major is the first number of the version that an image's tag names. A tag
// that names none is taken for the newest, as latest is.
func major(image string) int {
	_, tag := nameAndTag(image)
	if match := version.FindStringSubmatch(tag); match != nil {
		if number, err := strconv.Atoi(match[1]); err == nil {
			return number
		}
	}
	return math.MaxInt
}
