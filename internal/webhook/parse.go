package webhook

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Parse reads a verified delivery of a forge. Invalid, naming the field, if it is not the JSON
// of an event of that forge, or if a ref or a commit has not the form that git demands. It
// accepts unknown fields, because forges add new ones at any time.
func Parse(p Provider, header http.Header, body []byte) (Notice, error) {
	switch p {
	case GitHub:
		return parseGitHub(header.Get("X-GitHub-Event"), body)
	case GitLab:
		return parseGitLab(body)
	case Gitea:
		event := header.Get("X-Forgejo-Event")
		if event == "" {
			event = header.Get("X-Gitea-Event")
		}
		return parseGitea(event, body)
	case Bitbucket:
		return parseBitbucket(header.Get("X-Event-Key"), body)
	}
	return Notice{}, fault.New(fault.Internal, "no forge is called %q", p)
}

// readJSON reads one JSON object. Go's decoder keeps the last of doubled members, like the
// forges' own.
func readJSON[T any](p Provider, body []byte) (T, error) {
	var read T
	if !utf8.Valid(body) {
		return read, fault.New(fault.Invalid, "The body is not UTF-8.")
	}
	if err := json.Unmarshal(body, &read); err != nil {
		return read, unreadable(p, err)
	}
	return read, nil
}

// commit is a commit as GitHub, GitLab and Gitea write it.
type commit struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Author  struct {
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"author"`
	Added    []string `json:"added"`
	Removed  []string `json:"removed"`
	Modified []string `json:"modified"`
}

// repository is the part of a repository that says which branch is its default.
type repository struct {
	DefaultBranch string `json:"default_branch"`
	PushedAt      stamp  `json:"pushed_at"`
}

// stamp is a time that may be written in several ways. It is zero if it is not readable.
type stamp struct{ time.Time }

// UnmarshalJSON reads seconds since 1970, RFC 3339, or the time zones of Bitbucket without a
// colon. It never fails: a push counts without its time, too.
func (s *stamp) UnmarshalJSON(text []byte) error {
	if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		s.Time = time.Unix(seconds, 0).UTC()
		return nil
	}
	plain := strings.Trim(string(text), `"`)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, plain); err == nil {
			s.Time = at.UTC()
			return nil
		}
	}
	return nil
}

const (
	branchPrefix = "refs/heads/"
	tagPrefix    = "refs/tags/"
)

// setRef notes the name of the ref. Invalid if git would not take the name.
func (p *Push) setRef(field, ref string) error {
	if ref == "" {
		return missing(field)
	}
	if !catalog.IsRef(strings.TrimPrefix(strings.TrimPrefix(ref, branchPrefix), tagPrefix)) {
		return fault.InvalidField(field, "must be the name of a branch or a tag that git takes, such as "+
			"refs/heads/main")
	}
	branch, isBranch := strings.CutPrefix(ref, branchPrefix)
	tag, isTag := strings.CutPrefix(ref, tagPrefix)
	switch {
	case isBranch:
		p.Branch = branch
	case isTag:
		p.Tag = tag
	default:
		p.Other = ref
	}
	return nil
}

// setCommit notes the commit. Zeros mean that the ref was deleted. Invalid if it is not a full
// SHA-1 or SHA-256 in lower case.
func (p *Push) setCommit(field, hash string) error {
	switch {
	case hash == "":
		return missing(field)
	case !isHash(hash):
		return fault.InvalidField(field, "must be the hash of a commit: 40 or 64 hexadecimal digits in "+
			"lower case")
	case isZero(hash):
		p.Commit = ""
	default:
		p.Commit = hash
	}
	return nil
}

// isHash reports whether text is a full hash of git.
func isHash(text string) bool {
	const sha1Digits, sha256Digits = 40, 64
	return (len(text) == sha1Digits || len(text) == sha256Digits) && strings.Trim(text,
		"0123456789abcdef") == ""
}

func isZero(hash string) bool { return strings.Trim(hash, "0") == "" }

// setMessage notes the first line of the message, its mark and its author.
func (p *Push) setMessage(message, author string) {
	p.Skip = skipMark(message)
	first, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	p.Message, p.Author = oneLine(first, MaxMessage), oneLine(author, MaxAuthor)
}

// oneLine cuts the text to a number of bytes, and replaces hidden characters by spaces.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	if len(text) <= limit {
		return text
	}
	const dots = "…"
	end := limit - len(dots)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + dots
}

// setPaths notes the files that the commits change. all says that no commit is left out. An
// empty list of commits says nothing: a new branch has none of its own.
func (p *Push) setPaths(commits []commit, all bool) {
	seen := map[string]bool{}
	for _, one := range commits {
		for _, list := range [][]string{one.Added, one.Removed, one.Modified} {
			for _, path := range list {
				if len(p.Paths) == MaxPaths {
					return
				}
				if !seen[path] {
					seen[path] = true
					p.Paths = append(p.Paths, path)
				}
			}
		}
	}
	p.AllPaths = all && len(p.Paths) > 0
}
