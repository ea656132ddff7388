package webhook

import "cmp"

// giteaPush is a push of Gitea or Forgejo. (Gitea, "Webhooks".)
type giteaPush struct {
	Ref        string   `json:"ref"`
	Before     string   `json:"before"`
	After      string   `json:"after"`
	HeadCommit *commit  `json:"head_commit"`
	Commits    []commit `json:"commits"`
	// Total counts also the commits that are left out. Old versions do not send it.
	Total      int        `json:"total_commits"`
	Repository repository `json:"repository"`
}

func parseGitea(event string, body []byte) (Notice, error) {
	given, err := readJSON[giteaPush](Gitea, body)
	switch {
	case err != nil:
		return Notice{}, err
	case event != "push":
		return Notice{Other: otherEvent(event)}, nil
	}
	var push Push
	if err := push.setRef("ref", given.Ref); err != nil {
		return Notice{}, err
	}
	if err := push.setCommit("after", given.After); err != nil {
		return Notice{}, err
	}
	head := given.HeadCommit
	for _, one := range given.Commits { // old versions have no head_commit
		if head == nil && one.ID == push.Commit {
			head = &one
		}
	}
	if head != nil && push.Commit != "" {
		if err := push.setCommit("head_commit.id", head.ID); err != nil {
			return Notice{}, err
		}
		push.setMessage(head.Message, cmp.Or(head.Author.Name, head.Author.Username))
	}
	push.Unchanged = given.Before == given.After
	push.setPaths(given.Commits, !isZero(given.Before) && given.Total <= len(given.Commits))
	return Notice{Pushes: []Push{push}, DefaultBranch: given.Repository.DefaultBranch}, nil
}
