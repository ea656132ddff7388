package webhook

import "cmp"

// gitHubPush is a push of GitHub. (GitHub, "Webhook events and payloads": push.)
type gitHubPush struct {
	Ref        string     `json:"ref"`
	Before     string     `json:"before"`
	After      string     `json:"after"`
	Forced     bool       `json:"forced"`
	HeadCommit *commit    `json:"head_commit"`
	Commits    []commit   `json:"commits"`
	Repository repository `json:"repository"`
}

// maxGitHubCommits is the most commits that GitHub lists.
const maxGitHubCommits = 2048

func parseGitHub(event string, body []byte) (Notice, error) {
	given, err := readJSON[gitHubPush](GitHub, body)
	switch {
	case err != nil:
		return Notice{}, err
	case event == "ping":
		return Notice{Ping: true}, nil
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
	if head := given.HeadCommit; head != nil && push.Commit != "" {
		// Of an annotated tag, after is the tag and not its commit.
		if err := push.setCommit("head_commit.id", head.ID); err != nil {
			return Notice{}, err
		}
		push.setMessage(head.Message, cmp.Or(head.Author.Name, head.Author.Username))
	}
	push.Unchanged = given.Before == given.After
	push.At = given.Repository.PushedAt.Time
	push.setPaths(given.Commits, !given.Forced && !isZero(given.Before) &&
		len(given.Commits) < maxGitHubCommits)
	return Notice{Pushes: []Push{push}, DefaultBranch: given.Repository.DefaultBranch}, nil
}

// otherEvent returns the name of an event for an answer.
func otherEvent(name string) string { return cmp.Or(oneLine(name, MaxAuthor), "without a name") }
