package catalog

import (
	"net/netip"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The characters of names and paths. All of these end up on a remote command
// line, in a compose file or in a file name, so they exclude the syntax of all
// three. Lengths are checked separately: a bounded repetition is expanded when
// its expression is compiled, at every cold start.
var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	userName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$`)
	// hostLabel is a part of a host name (RFC 1123), plus the underscore that
	// container networks use.
	hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$`)
	dataDir   = regexp.MustCompile(`^/[A-Za-z0-9._/-]+$`)
)

func isVariableName(text string) bool { return len(text) <= 255 && variableName.MatchString(text) }

func isUserName(text string) bool { return len(text) <= 64 && userName.MatchString(text) }

// isAddress reports whether text is an IP address or a host name. It refuses a
// zone ("fe80::1%eth0"), which names an interface of one machine only.
func isAddress(text string) bool {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Zone() == ""
	}
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	for _, label := range labels {
		if len(label) > maxHostLabel || !hostLabel.MatchString(label) {
			return false
		}
	}
	// A name whose last part is a number is a mistyped IPv4 address.
	return len(text) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// maxServiceDomain leaves room for one more label in a host name of 253 characters.
const maxServiceDomain = 253 - 1 - maxHostLabel

// maxHostLabel is the length of the longest part of a host name (RFC 1035).
const maxHostLabel = 63

// isDomain reports whether text is a host name in lower case with at least two parts, as
// the public DNS has them: without underscores.
func isDomain(text string) bool {
	return len(text) <= maxServiceDomain && isAddress(text) && strings.Contains(text, ".") &&
		!strings.HasSuffix(text, ".") && !strings.ContainsAny(text, "_:") &&
		strings.Trim(text, "0123456789.") != ""
}

// isDataDir reports whether text is a clean absolute path other than "/".
func isDataDir(text string) bool {
	const longest = 1024
	return len(text) <= longest && dataDir.MatchString(text) && path.Clean(text) == text
}

// IsLine reports whether text is one line of at most n characters that every program shows
// as it is: it has no control characters, no line ends of any kind, and no characters that
// change the direction of writing, with which a name can look like another one.
func IsLine(text string, n int) bool {
	return isText(text) && runeCount(text) <= n && !strings.ContainsFunc(text, isHidden)
}

// isProse is [IsLine] for text that may have several lines and tabs.
func isProse(text string, n int) bool {
	oneLine := strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(text)
	return runeCount(text) <= n && IsLine(oneLine, n)
}

// isHidden reports whether a character acts on the text around it instead of being shown.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// isText reports whether a text file or an environment can hold the text.
func isText(text string) bool {
	return utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func runeCount(text string) int { return utf8.RuneCountInString(text) }
