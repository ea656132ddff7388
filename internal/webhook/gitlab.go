package webhook

import "cmp"

// gitLabPush is a push of GitLab. (GitLab, "Webhook events": push events, tag events.)
type gitLabPush struct {
	// Kind is in the body, so it is signed, unlike the header with the event.
	Kind   string `json:"object_kind"`
	Ref    string `json:"ref"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Commit is the commit also of an annotated tag. It is null for a deletion.
	Commit *string `json:"checkout_sha"`
	// UserName pushed.
	UserName string   `json:"user_name"`
	Commits  []commit `json:"commits"`
	// Total counts also the commits that are left out: GitLab lists at most 20.
	Total   int        `json:"total_commits_count"`
	Project repository `json:"project"`
}

func parseGitLab(body []byte) (Notice, error) {
	given, err := readJSON[gitLabPush](GitLab, body)
	if err != nil {
		return Notice{}, err
	}
	if given.Kind != "push" && given.Kind != "tag_push" {
		return Notice{Other: otherEvent(given.Kind)}, nil
	}
	var push Push
	if err := push.setRef("ref", given.Ref); err != nil {
		return Notice{}, err
	}
	if err := push.setCommit("after", given.After); err != nil {
		return Notice{}, err
	}
	if given.Commit != nil && push.Commit != "" {
		if err := push.setCommit("checkout_sha", *given.Commit); err != nil {
			return Notice{}, err
		}
	}
	push.Unchanged = given.Before == given.After
	push.Author = oneLine(given.UserName, MaxAuthor)
	for _, one := range given.Commits {
		if one.ID == push.Commit {
			push.setMessage(one.Message, cmp.Or(one.Author.Name, given.UserName))
		}
	}
	push.setPaths(given.Commits, !isZero(given.Before) && given.Total <= len(given.Commits))
	return Notice{Pushes: []Push{push}, DefaultBranch: given.Project.DefaultBranch}, nil
}
