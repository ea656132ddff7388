package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// Container is a container of a resource on its server.
type Container struct {
	// Service is its service in the compose file.
	Service string
	ID      string
	Name    string
}

// ContainersScript is sh that prints the containers of the resource, also the ended ones, and
// changes nothing. [ParseContainers] reads its output.
func ContainersScript(resource catalog.ID) string {
	head := fmt.Sprintf("project=%s\n", quote(string(resource)))
	return onServer(head, remote.DockerText()+text("list.sh"))
}

// onServer is sh that asks docker on the server, without the variables of the login session.
// The shell reads a function to its end before it runs any of it. So no command in it can
// read the rest of the script from stdin.
func onServer(head, script string) string {
	return text("forget.sh") + "waybill() {\nforget client_needs\n" + head + text("client.sh") + script +
		"}\nwaybill </dev/null\n"
}

// containerWords match the parts of a container's line.
var containerWords = [...]*regexp.Regexp{
	regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$`),
	regexp.MustCompile(`^[0-9a-f]{64}$`),
	regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$`),
}

// ParseContainers reads the output of the script of [ContainersScript]. The containers are in
// the order of their names. Unavailable if the output is incomplete, or if the server could not
// tell. In the second case the message has the server's own words.
func ParseContainers(output string) ([]Container, error) {
	var found []Container
	_, output, _ = strings.Cut(output, "\nwaybill-containers\n")
	for line := range strings.Lines(output) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch kind {
		case "C":
			word := strings.Fields(rest)
			if !allMatch(containerWords[:], word) {
				return nil, fault.New(fault.Unavailable, "What the server's docker prints makes no sense.")
			}
			found = append(found, Container{Service: word[0], ID: word[1], Name: word[2]})
		case "F":
			return nil, fault.New(fault.Unavailable, "The server cannot tell its containers: %s", rest)
		case "E":
			slices.SortFunc(found, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
			return found, nil
		}
	}
	return nil, fault.New(fault.Unavailable, "The server did not tell its containers.")
}

// allMatch reports whether the words are as many as the patterns, and each matches its own.
func allMatch(patterns []*regexp.Regexp, words []string) bool {
	if len(words) != len(patterns) {
		return false
	}
	for i, word := range words {
		if !patterns[i].MatchString(word) {
			return false
		}
	}
	return true
}

// LogScript is sh that prints the last lines of a container's log, of these the last maxBytes,
// and nothing else.
func LogScript(container Container, lines int, timestamps bool, maxBytes int) string {
	stamps := ""
	if timestamps {
		stamps = "yes"
	}
	head := fmt.Sprintf("container=%s lines=%d bytes=%d timestamps=%s\n", quote(container.ID), lines,
		maxBytes, quote(stamps))
	return onServer(head, text("logs.sh"))
}
