package catalog

import (
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// CheckTagPattern returns why the text is no pattern of tags, or "". A pattern is one of these:
//
//   - one tag, such as "latest";
//   - a glob, such as "v*": it has one of *, ? and [;
//   - a range of semantic versions, such as "^1.2", "~1.4.1" or ">=2 <3": it begins with one of
//     ^, ~, <, > and =.
func CheckTagPattern(pattern string) string {
	switch {
	case isVersionRange(pattern):
		if _, err := semver.NewConstraint(pattern); err != nil {
			return "must be a range of semantic versions, such as ^1.2, ~1.4.1 or >=2 <3"
		}
	case strings.ContainsAny(pattern, "*?["):
		if _, err := path.Match(pattern, ""); err != nil {
			return "must be a glob, such as v* or release-[0-9]*"
		}
	case !isImageTag(pattern):
		return "must be a tag, a glob such as v*, or a range of versions such as ^1.2"
	}
	return ""
}

// MatchTag reports whether the tag matches the pattern; see [CheckTagPattern]. A range has only
// tags with all three numbers of a version, with or without a v: a tag such as 1.2 moves with
// each release that has a tag of its own.
func MatchTag(pattern, tag string) bool {
	if isVersionRange(pattern) {
		within, err := semver.NewConstraint(pattern)
		if err != nil {
			return false
		}
		version, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
		return err == nil && within.Check(version)
	}
	if strings.ContainsAny(pattern, "*?[") {
		matched, err := path.Match(pattern, tag)
		return err == nil && matched
	}
	return pattern == tag
}

// isVersionRange reports whether a pattern of tags is a range of versions. No tag begins so.
func isVersionRange(pattern string) bool { return strings.IndexAny(pattern, "^~<>=") == 0 }
