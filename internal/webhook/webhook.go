// Package webhook reads what git forges and other systems send when something happened: it
// derives the secret of each resource, verifies the signature of a delivery, reads a push
// out of it, and decides by the globs of a declaration whether the push counts. It is pure:
// no clock, no network, no storage.
package webhook

import (
	"strings"
	"time"

	"waybill/internal/fault"
)

// Provider is the kind of sender of a delivery, as the path of the request names it.
type Provider string

// The providers. Gitea is also Forgejo. Generic is any sender that follows Standard Webhooks.
const (
	GitHub    Provider = "github"
	GitLab    Provider = "gitlab"
	Gitea     Provider = "gitea"
	Bitbucket Provider = "bitbucket"
	Generic   Provider = "generic"
)

// Providers lists every provider.
func Providers() []Provider { return []Provider{GitHub, GitLab, Gitea, Bitbucket, Generic} }

// Notice is the content of a delivery of a forge. Exactly one of its first three fields is set.
type Notice struct {
	// Ping says that the forge only tests the webhook.
	Ping bool
	// Other is the name of an event that is not a push, such as "issues".
	Other string
	// Pushes are the changes of refs, in the order of the delivery. Only Bitbucket sends
	// several in one.
	Pushes []Push
	// DefaultBranch is the default branch of the repository, or "" if the forge does not say.
	DefaultBranch string
}

// Push is the change of one branch or tag. Its texts are bounded and have one line each.
type Push struct {
	// Branch or Tag is the name of the pushed ref. Other says which ref was pushed if that
	// is neither ("refs/notes/commits").
	Branch, Tag, Other string
	// Commit is the full hash that the branch or the tag names now. It is "" if the ref was
	// deleted.
	Commit string
	// Unchanged says that the ref was at this commit before: the forge sends a test.
	Unchanged bool
	// Message is the first line of the commit's message, at most [MaxMessage] bytes. Author is
	// the name of its author, at most [MaxAuthor] bytes.
	Message, Author string
	// Skip is the mark in the commit's message that asks for no deployment, or "".
	Skip string
	// Paths are the changed files. AllPaths says that the list is complete. It is not if the
	// forge lists no files, leaves commits out, or if history was rewritten.
	Paths    []string
	AllPaths bool
	// At is when the forge took the push. It is zero if the forge does not say. The time of a
	// commit does not count: it is chosen on the machine that makes the commit.
	At time.Time
}

// Ref returns the whole name of the ref.
func (p Push) Ref() string {
	switch {
	case p.Branch != "":
		return branchPrefix + p.Branch
	case p.Tag != "":
		return tagPrefix + p.Tag
	}
	return p.Other
}

// Bounds of a push. MaxPaths is the most changed files that are looked at.
const (
	MaxMessage = 256
	MaxAuthor  = 100
	MaxPaths   = 5000
)

// skipMarks ask for no deployment, in any capitals, anywhere in the message of a commit.
var skipMarks = []string{"[skip ci]", "[ci skip]", "[skip cd]", "[cd skip]"}

func skipMark(message string) string {
	lower := strings.ToLower(message)
	for _, mark := range skipMarks {
		if strings.Contains(lower, mark) {
			return mark
		}
	}
	return ""
}

// unreadable is the error for a delivery that is not the JSON of its provider.
func unreadable(p Provider, err error) error {
	return fault.Wrap(err, fault.Invalid, "The body is not the JSON of an event of %s.", p)
}

// missing is the error for a field without which there is no push.
func missing(field string) error { return fault.InvalidField(field, "is missing") }
