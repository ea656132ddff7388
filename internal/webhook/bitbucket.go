package webhook

import (
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// bitbucketEvent is a push of Bitbucket Cloud, which has Push, or of Bitbucket Data Center,
// which has Changes. Neither lists the changed files. (Atlassian, "Event payloads".)
type bitbucketEvent struct {
	Push *struct {
		Changes []cloudChange `json:"changes"`
	} `json:"push"`
	Date    stamp              `json:"date"`
	Changes []dataCenterChange `json:"changes"`
	// HeadCommit is the newest commit, of the first change. Old versions do not send it.
	HeadCommit dataCenterCommit `json:"toCommit"`
	Actor      struct {
		DisplayName string `json:"displayName"`
	} `json:"actor"`
}

type cloudChange struct {
	// New is null if the ref was deleted, and Old if it is new.
	New *cloudRef `json:"new"`
	Old *cloudRef `json:"old"`
}

type cloudRef struct {
	Type   string `json:"type"` // branch or tag
	Name   string `json:"name"`
	Target struct {
		Hash    string `json:"hash"`
		Message string `json:"message"`
		Author  struct {
			Raw  string `json:"raw"` // "Name <address>"
			User struct {
				DisplayName string `json:"display_name"`
			} `json:"user"`
		} `json:"author"`
	} `json:"target"`
}

type dataCenterChange struct {
	Ref struct {
		ID string `json:"id"`
	} `json:"ref"`
	From string `json:"fromHash"`
	To   string `json:"toHash"`
}

type dataCenterCommit struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Author  struct {
		Name string `json:"name"`
	} `json:"author"`
}

func parseBitbucket(event string, body []byte) (Notice, error) {
	if event == "diagnostics:ping" {
		return Notice{Ping: true}, nil
	}
	given, err := readJSON[bitbucketEvent](Bitbucket, body)
	if err != nil {
		return Notice{}, err
	}
	var pushes []Push
	switch {
	case event == "repo:push" && given.Push != nil:
		pushes, err = each("push.changes", given.Push.Changes, cloudChange.push)
	case event == "repo:refs_changed":
		pushes, err = each("changes", given.Changes, given.dataCenterPush)
	case event == "repo:push":
		err = missing("push")
	default:
		return Notice{Other: otherEvent(event)}, nil
	}
	return Notice{Pushes: pushes}, err
}

// each reads a list of changes.
func each[C any](field string, changes []C, read func(C, string) (Push, error)) ([]Push, error) {
	if len(changes) == 0 {
		return nil, missing(field)
	}
	var pushes []Push
	for i, change := range changes {
		push, err := read(change, field+"."+strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		pushes = append(pushes, push)
	}
	return pushes, nil
}

// push reads a change; field is its place.
func (c cloudChange) push(field string) (Push, error) {
	var push Push
	ref, side := c.New, ".new"
	if ref == nil {
		ref, side = c.Old, ".old"
	}
	if ref == nil {
		return Push{}, missing(field + ".new")
	}
	prefix := map[string]string{"branch": branchPrefix, "annotated_tag": tagPrefix,
		"tag": tagPrefix}[ref.Type]
	if prefix == "" {
		return Push{}, fault.InvalidField(field+side+".type", "must be branch or tag")
	}
	if err := push.setRef(field+side+".name", prefix+ref.Name); err != nil {
		return Push{}, err
	}
	if c.New == nil {
		return push, nil
	}
	if err := push.setCommit(field+".new.target.hash", ref.Target.Hash); err != nil {
		return Push{}, err
	}
	push.Unchanged = c.Old != nil && c.Old.Target.Hash == ref.Target.Hash
	author := ref.Target.Author.User.DisplayName
	if author == "" {
		author, _, _ = strings.Cut(ref.Target.Author.Raw, "<")
	}
	push.setMessage(ref.Target.Message, author)
	return push, nil
}

// dataCenterPush reads a change of the event; field is its place.
func (e bitbucketEvent) dataCenterPush(c dataCenterChange, field string) (Push, error) {
	push := Push{At: e.Date.Time, Author: oneLine(e.Actor.DisplayName, MaxAuthor)}
	if err := push.setRef(field+".ref.id", c.Ref.ID); err != nil {
		return Push{}, err
	}
	if err := push.setCommit(field+".toHash", c.To); err != nil {
		return Push{}, err
	}
	push.Unchanged = c.From == c.To
	if e.HeadCommit.ID == push.Commit && push.Commit != "" {
		push.setMessage(e.HeadCommit.Message, e.HeadCommit.Author.Name)
	}
	return push, nil
}
