package catalog

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The characters of a repository's address, paths, commits and key types. All of
// these end up on git's command line, where a leading dash would make an option
// and a scheme such as ext:: would run a command.
var (
	repositoryPath = regexp.MustCompile(`^[A-Za-z0-9._~/%+@,=-]+$`)
	treePath       = regexp.MustCompile(`^[A-Za-z0-9._@+/-]+$`)
	commitHash     = regexp.MustCompile(`^[0-9a-f]+$`)
	keyType        = regexp.MustCompile(`^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+$`)
)

// Bounds of the parts of a source.
const (
	maxRepository = 2048
	maxBranch     = 244 // so that refs/heads/… fits into a file name
	maxTreePath   = 1024
	maxHostKeys   = 16 << 10
	maxPassword   = 4 << 10
)

// transport is how git reaches a repository.
type transport int

// The transports.
const (
	transportNone transport = iota // not a repository that Waybill accepts
	transportHTTPS
	transportSSH
	transportFile
)

// repositoryTransport parses the address of a repository. secret reports that the
// address has credentials in it, even if it is otherwise invalid.
func repositoryTransport(text string) (by transport, secret bool) {
	scheme, rest, schemed := strings.Cut(text, "://")
	switch {
	case len(text) > maxRepository:
		return transportNone, false
	case schemed && scheme == "file", !schemed && strings.HasPrefix(text, "/"):
		return fileTransport(strings.TrimPrefix(text, "file://")), false
	case schemed:
		return urlTransport(text, scheme, rest)
	}
	host, repository, colon := strings.Cut(text, ":")
	user, host, at := strings.Cut(host, "@")
	if !colon || !at || !isUserName(user) || !isAddress(host) || !isRepositoryPath(repository) {
		return transportNone, false
	}
	return transportSSH, false
}

func fileTransport(text string) transport {
	if !strings.HasPrefix(text, "/") || !isRepositoryPath(text) ||
		path.Clean(text) != strings.TrimSuffix(text, "/") {
		return transportNone
	}
	return transportFile
}

// urlTransport parses https://host/path and ssh://user@host/path.
func urlTransport(text, scheme, rest string) (by transport, secret bool) {
	authority, repository, _ := strings.Cut(rest, "/")
	user, _, credentials := cutLast(authority, "@")
	secret = credentials && (scheme != "ssh" || strings.Contains(user, ":"))
	u, err := url.Parse(text)
	if err != nil || !isAddress(u.Hostname()) || !isRepositoryPath(repository) {
		return transportNone, secret
	}
	if port := u.Port(); port != "" {
		if _, ok := parsePort(port); !ok {
			return transportNone, secret
		}
	}
	switch {
	case scheme == "https" && !credentials:
		return transportHTTPS, secret
	case scheme == "ssh" && (!credentials || isUserName(user)):
		return transportSSH, secret
	}
	return transportNone, secret
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

func isRepositoryPath(text string) bool {
	return repositoryPath.MatchString(text) && !strings.HasPrefix(text, "-") &&
		strings.Trim(text, "/") != "" &&
		!slices.Contains(strings.Split(text, "/"), "..")
}

// IsRef reports whether text is the name of a branch or a tag by the rules
// of git check-ref-format --branch. A leading dash would make it an option.
func IsRef(text string) bool {
	if text == "" || len(text) > maxBranch || text == "@" || text == "HEAD" || !IsLine(text, maxBranch) ||
		strings.HasPrefix(text, "-") || strings.HasSuffix(text, ".") ||
		strings.Contains(text, "..") || strings.Contains(text, "@{") ||
		strings.ContainsAny(text, " ~^:?*[\\") {
		return false
	}
	for part := range strings.SplitSeq(text, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// isCommit reports whether text is a commit hash or an abbreviation of at least 7
// digits.
func isCommit(text string) bool {
	const shortest, sha256Digits = 7, 64
	return len(text) >= shortest && len(text) <= sha256Digits && commitHash.MatchString(text)
}

// isTreePath reports whether text is a clean relative path that does not leave
// its folder.
func isTreePath(text string) bool {
	return len(text) <= maxTreePath && treePath.MatchString(text) && path.Clean("/"+text) == "/"+text &&
		text != "" &&
		!strings.HasPrefix(text, "-") && !strings.Contains(text, "/-")
}

// isKnownHosts reports whether each line of the text is a line of known_hosts: the
// names, the type of the key, and a key of that type in base64.
func isKnownHosts(text string) bool {
	if len(text) > maxHostKeys || !isText(text) {
		return false
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if fields[0] == "@cert-authority" || fields[0] == "@revoked" {
			fields = fields[1:]
		}
		if len(fields) < 3 || !isKeyOf(fields[1], fields[2]) {
			return false
		}
	}
	return true
}

// isKeyOf reports whether packed is an SSH public key of the type: RFC 4253
// begins it with the type's length and name.
func isKeyOf(kind, packed string) bool {
	const lengthBytes = 4
	key, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || !keyType.MatchString(kind) || len(key) <= lengthBytes+len(kind) {
		return false
	}
	return int(binary.BigEndian.Uint32(key)) == len(kind) &&
		string(key[lengthBytes:lengthBytes+len(kind)]) == kind
}
