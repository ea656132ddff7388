package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// Present is what a server has of a resource.
type Present struct {
	// Containers are in the order of their names.
	Containers []PresentContainer
	// Images has the ids of the images that are there, by their names.
	Images map[string]string
}

// PresentContainer is a container on the server, running or not.
type PresentContainer struct {
	// Service is its service in the compose file.
	Service string
	Name    string
	// State is docker's word for it ("running", "exited").
	State string
	// Image is the id of its image.
	Image string
}

// PresentScript is sh that prints the containers of the resource, and which of the images are
// on the server. It changes nothing. [ParsePresent] reads its output.
func PresentScript(resource catalog.ID, images []string) string {
	head := fmt.Sprintf("project=%s\nset -- %s\n", quote(string(resource)), words(images))
	return onServer(head, remote.DockerText()+text("present.sh"))
}

// presentWords match the parts of a container's line.
var presentWords = [...]*regexp.Regexp{
	regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$`),
	regexp.MustCompile(`^[a-z]{1,20}$`),
	regexp.MustCompile(`^sha256:[0-9a-f]{64}$`),
	regexp.MustCompile(`^/[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$`),
}

// ParsePresent reads the output of the script of [PresentScript] for the same images.
// Unavailable if the output is incomplete, or if the server could not tell. In the second case
// the message has the server's own words.
func ParsePresent(output string, images []string) (Present, error) {
	found := Present{Images: map[string]string{}}
	_, output, _ = strings.Cut(output, "\nwaybill-present\n")
	for line := range strings.Lines(output) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		sense := true
		switch kind {
		case "C":
			sense = found.addContainer(strings.Fields(rest))
		case "I":
			sense = found.addImage(strings.Fields(rest), images)
		case "F":
			return Present{}, fault.New(fault.Unavailable, "The server cannot tell what it has: %s", rest)
		case "E":
			slices.SortFunc(found.Containers, func(a, b PresentContainer) int {
				return strings.Compare(a.Name, b.Name)
			})
			return found, nil
		}
		if !sense {
			return Present{}, fault.New(fault.Unavailable, "What the server's docker prints makes no sense.")
		}
	}
	return Present{}, fault.New(fault.Unavailable, "The server did not tell what it has.")
}

func (p *Present) addContainer(words []string) bool {
	if !allMatch(presentWords[:], words) {
		return false
	}
	p.Containers = append(p.Containers, PresentContainer{
		Service: words[0], State: words[1], Image: words[2], Name: strings.TrimPrefix(words[3], "/"),
	})
	return true
}

func (p *Present) addImage(words, images []string) bool {
	if len(words) != 2 || !presentWords[2].MatchString(words[1]) {
		return false
	}
	number, err := strconv.Atoi(words[0])
	if err != nil || number < 0 || number >= len(images) {
		return false
	}
	p.Images[images[number]] = words[1]
	return true
}

// Effect is what a start does to a container.
type Effect string

// The effects.
const (
	// Created: it does not exist yet.
	Created Effect = "created"
	// Recreated: another container takes its place.
	Recreated Effect = "recreated"
	// Kept: it stays, and is started if it does not run.
	Kept Effect = "kept"
	// Removed: its service is no longer in the compose file.
	Removed Effect = "removed"
	// Unclear: only the start itself will tell.
	Unclear Effect = "unclear"
)

// ContainerEffect is the effect on a container. Of one that does not exist yet, only the
// service is known.
type ContainerEffect struct {
	PresentContainer
	Effect Effect
}

// Effects says what a start would do to the containers. changed says that the configuration
// differs, or may differ, from the one of the last start.
func (p Preview) Effects(present Present, changed bool) []ContainerEffect {
	var all []ContainerEffect
	images, exists := map[string]PreviewImage{}, map[string]bool{}
	for _, image := range p.Images {
		images[image.Service] = image
	}
	for _, container := range present.Containers {
		image, runs := images[container.Service]
		exists[container.Service] = true
		effect := Unclear
		switch {
		case len(p.Steps) == 0:
		case !runs && !p.Fetches:
			effect = Removed
		case p.Recreates:
			effect = Recreated
		case runs:
			effect = image.effect(container, present, changed)
		}
		all = append(all, ContainerEffect{container, effect})
	}
	for _, image := range p.Images {
		if !exists[image.Service] {
			all = append(all, ContainerEffect{PresentContainer{Service: image.Service}, Created})
		}
	}
	return all
}

// effect is what a start does to the container of an image, if it does not create all again.
func (i PreviewImage) effect(container PresentContainer, present Present, changed bool) Effect {
	id, there := present.Images[i.Reference]
	switch {
	case i.Source != PullMissing, !there:
		return Unclear
	case id != container.Image:
		return Recreated
	case changed:
		return Unclear
	}
	return Kept
}
