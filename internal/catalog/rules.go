package catalog

import (
	"net/netip"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What names and paths are made of. All of these end on a remote command line,
// in a compose file or in a file's name, so they hold nothing that any of the
// three would take for syntax. Lengths are counted apart: a repetition within
// an expression is spelled out when it is compiled, at every cold start.
var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	userName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$`)
	// hostLabel is a part of a host name (RFC 1123), with the underscore that
	// container networks use.
	hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$`)
	dataDir   = regexp.MustCompile(`^/[A-Za-z0-9._/-]+$`)
)

func isVariableName(text string) bool { return len(text) <= 255 && variableName.MatchString(text) }

func isUserName(text string) bool { return len(text) <= 64 && userName.MatchString(text) }

// isAddress reports whether text is an IP address or a host name. A zone
// ("fe80::1%eth0") names an interface of some machine, which no function has.
func isAddress(text string) bool {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Zone() == ""
	}
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	for _, label := range labels {
		if len(label) > 63 || !hostLabel.MatchString(label) {
			return false
		}
	}
	// A name whose last part is a number is a mistyped IPv4 address.
	return len(text) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// isDataDir reports whether text is a clean absolute path other than "/".
func isDataDir(text string) bool {
	const longest = 1024
	return len(text) <= longest && dataDir.MatchString(text) && path.Clean(text) == text
}

// isLabel reports whether text is one printable line of at most n characters.
func isLabel(text string, n int) bool {
	return isText(text) && runes(text) <= n && !strings.ContainsFunc(text, unicode.IsControl)
}

// isText reports whether text is what a file or an environment can hold.
func isText(text string) bool {
	return utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func runes(text string) int { return utf8.RuneCountInString(text) }
