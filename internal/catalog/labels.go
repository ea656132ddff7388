package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// Labels group resources. They decide nothing of what runs: lists, deployments by tag and
// the scopes of tokens choose resources by them.
type Labels struct {
	// Project and Environment are what clients call so, or "".
	Project     string
	Environment string
	// Tags are in lower case and sorted, and each is there once.
	Tags []string
}

// Bounds of labels.
const (
	MaxLabelLength = 100
	MaxTags        = 20
)

// HasTag reports whether the labels have one of the tags.
func (l Labels) HasTag(tags ...string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(l.Tags, tag) })
}

// NormalTags returns tags as [Labels] has them. It drops empty ones.
func NormalTags(given []string) []string {
	var tags []string
	for _, tag := range given {
		if tag = strings.ToLower(strings.TrimSpace(tag)); tag != "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// ParseTags returns the tags of a list with commas between them.
func ParseTags(list string) []string { return NormalTags(strings.Split(list, ",")) }

// Selection chooses resources by their labels. A zero field does not matter.
type Selection struct {
	// Tags choose the resources that have one of them.
	Tags        []string
	Project     string
	Environment string
}

// Has reports whether the selection has resources with these labels.
func (s Selection) Has(labels Labels) bool {
	return (len(s.Tags) == 0 || labels.HasTag(s.Tags...)) &&
		(s.Project == "" || s.Project == labels.Project) &&
		(s.Environment == "" || s.Environment == labels.Environment)
}

// labels normalises the tags and checks all labels.
func (p *problems) labels(l *Labels) {
	l.Project, l.Environment = strings.TrimSpace(l.Project), strings.TrimSpace(l.Environment)
	named := map[string]string{"project_uuid": l.Project, "environment_name": l.Environment}
	for field, label := range named {
		if !IsLine(label, MaxLabelLength) {
			p.Add(field, "must be one line of at most %d characters", MaxLabelLength)
		}
	}
	for i, tag := range l.Tags {
		// A bad tag would be unusable as the name of a field.
		field := "tags." + strconv.Itoa(i)
		switch tag = strings.TrimSpace(tag); {
		case tag == "" || !IsLine(tag, MaxLabelLength):
			p.Add(field, "must be one line of 1 to %d characters", MaxLabelLength)
		case strings.Contains(tag, ","):
			p.Add(field, "must not have a comma, which separates tags in queries")
		}
	}
	if l.Tags = NormalTags(l.Tags); len(l.Tags) > MaxTags {
		p.Add("tags", "may be at most %d, are %d", MaxTags, len(l.Tags))
	}
}

// measured returns the sizes of the labels.
func (l Labels) measured() []measured {
	tags := 0
	for _, tag := range l.Tags {
		tags += len(tag) + elementBytes
	}
	if tags+len(l.Project)+len(l.Environment) > 0 {
		tags += labelsAllowance
	}
	return []measured{
		{"project_uuid", len(l.Project)},
		{"environment_name", len(l.Environment)},
		{"tags", tags},
	}
}
