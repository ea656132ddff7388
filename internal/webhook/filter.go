package webhook

import (
	"fmt"
	"strings"
)

// Filter says which pushes count. Globs are tried in order, and the last one that matches
// decides; one that begins with ! excludes. If all of a list exclude, everything else counts.
type Filter struct {
	// Branches and Tags are globs. Without any of both, only pushes to Own count.
	Branches, Tags []string
	// Own is the branch of the resource, or "" if it follows the default branch.
	Own string
	// Paths are globs of which one must match a changed file of a pushed branch. If the forge
	// does not list all changed files, every push counts: a deployment too many is better than
	// a missing one.
	Paths []string
}

// Match reports whether the push counts, and if not, why: a sentence for the answer to the
// forge. The commit of a push that counts is known.
func (f Filter) Match(push Push, defaultBranch string) (ok bool, why string) {
	switch {
	case push.Other != "":
		return false, push.Other + " is neither a branch nor a tag."
	case push.Commit == "":
		return false, push.name() + " was deleted."
	case push.Unchanged:
		return false, push.name() + " has not changed: this is a test of the webhook."
	case push.Skip != "":
		return false, "The message of the commit has " + push.Skip + "."
	case len(f.Branches)+len(f.Tags) == 0:
		return f.matchOwn(push, defaultBranch)
	case push.Tag != "":
		if matchGlobs(f.Tags, push.Tag) {
			return true, ""
		}
		return false, "The declared tags do not match " + push.Tag + "."
	case !matchGlobs(f.Branches, push.Branch):
		return false, "The declared branches do not match " + push.Branch + "."
	}
	return f.matchPaths(push)
}

// matchOwn lets pushes to the branch of the resource count.
func (f Filter) matchOwn(push Push, defaultBranch string) (ok bool, why string) {
	own := f.Own
	if own == "" {
		own = defaultBranch
	}
	switch {
	case own == "":
		return false, "The resource follows the default branch, and the forge does not say which one " +
			"that is. Declare branches."
	case push.Branch != own:
		return false, push.name() + " is not the branch of the resource, " + own + "."
	}
	return f.matchPaths(push)
}

// name names the branch or the tag, at the beginning of a sentence.
func (p Push) name() string {
	if p.Tag != "" {
		return "Tag " + p.Tag
	}
	return "Branch " + p.Branch
}

func (f Filter) matchPaths(push Push) (ok bool, why string) {
	if len(f.Paths) == 0 || !push.AllPaths {
		return true, ""
	}
	for _, path := range push.Paths {
		if matchGlobs(f.Paths, path) {
			return true, ""
		}
	}
	return false, fmt.Sprintf("The declared watch_paths match none of the %d changed files.", len(push.Paths))
}

// matchGlobs tries the globs in order.
func matchGlobs(globs []string, text string) bool {
	matched := len(globs) > 0
	for _, glob := range globs {
		matched = matched && strings.HasPrefix(glob, "!")
	}
	for _, glob := range globs {
		pattern, excludes := strings.CutPrefix(glob, "!")
		if matched == excludes && MatchGlob(pattern, text) {
			matched = !excludes
		}
	}
	return matched
}
