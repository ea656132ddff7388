package recipe

import (
	"fmt"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// The states of a resource besides the states in a plan.
const (
	statusUnhealthy  = "running:unhealthy"
	statusStarting   = "starting:unhealthy"
	statusRestarting = "restarting:unhealthy"
	statusDegraded   = "degraded:unhealthy"
	statusPaused     = "paused:unknown"
)

// Status is the state of a resource on its server.
type Status struct {
	// Status is as upstream writes it, or "" if the resource was never deployed there.
	Status string
	// Commit and Message describe the last build, if the resource is built from a
	// repository. Message is the server's text.
	Commit, Message string
	// Fault names, in words, the containers with the worst fault, or is "" if all are
	// healthy. It has names from the server.
	Fault string
}

// StatusScript is sh that prints the state of the resource and changes nothing.
// [ParseStatus] reads its output.
func StatusScript(resource catalog.Deployable, dataDir string) string {
	input := Input{Resource: resource, DataDir: dataDir}
	p := input.serviceProject()
	name, asks := p.name, ""
	if app, ok := resource.(*catalog.Application); ok {
		switch {
		case app.Compose != nil:
			p = input.projectIn(app.Compose).checked()
		case app.Shell != nil:
			name = ""
			if app.Shell.Health != "" {
				asks = "yes"
			}
		}
	}
	p.resolved = "" // finding containers needs no values of variables
	// The shell reads a function to its end before it runs any of it. So no command in
	// it can read the rest of the script from stdin.
	head := "forget command_needs\n" + fmt.Sprintf("control=%s folder=%s project=%s health_command=%s\n",
		quote(input.control()), quote(input.folder()), quote(name), quote(asks))
	functions := text("client.sh") + remote.DockerText() + p.script(text("containers.sh"))
	return text("forget.sh") + "waybill() {\n" + head + functions + "\n" +
		text("status.sh") + "}\nwaybill </dev/null\n"
}

// ParseStatus reads the output of the script of [StatusScript]. It returns Unavailable
// if the output is incomplete, or if the server could not tell the state. In the second
// case the message has the server's own words.
func ParseStatus(output string) (Status, error) {
	var found Status
	var containers []containerState
	commands := false
	_, output, _ = strings.Cut(output, "\nwaybill-status\n")
	for line := range strings.Lines(output) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch kind {
		case "C":
			containers = append(containers, readContainer(rest))
		case "S":
			found.Status, commands = commandStatus[rest], true
		case "H":
			found.Commit = rest
		case "M":
			found.Message = rest
		case "F":
			return Status{}, fault.New(fault.Unavailable,
				"The server cannot tell how the resource is: %s", rest)
		case "E":
			if !commands {
				found.Status, found.Fault = statusOf(containers), faultOf(containers)
			}
			return found, nil
		}
	}
	return Status{}, fault.New(fault.Unavailable, "The server did not tell how the resource is.")
}

// commandStatus maps the states of an application that runs by commands to upstream's
// states.
var commandStatus = map[string]string{
	"none":      "",
	"stopped":   statusExited,
	"started":   statusUnknown,
	"healthy":   statusHealthy,
	"unhealthy": statusUnhealthy,
	// A start failed or was cancelled. Its command may have started something.
	"unfinished": "unknown",
}

// containerState is the state of one container; see containers.sh.
type containerState struct {
	name          string
	state, health string
	code, policy  string
	restarted     bool // by docker, since a client last started it
	uncounted     bool // for the state of the resource
	service       string
	needs         string
}

func readContainer(line string) containerState {
	const words = 13
	word := strings.Fields(line)
	if len(word) < words {
		return containerState{state: "unknown"}
	}
	return containerState{name: strings.TrimPrefix(word[0], "/"), state: word[1], health: word[2],
		code: word[3], restarted: word[5] != "0", policy: word[6],
		uncounted: word[9] == "True" || word[12] == "excluded",
		service:   word[10], needs: word[11]}
}

// counted are the containers that count for the state of the resource. The containers of
// `compose run` and the excluded ones of a template do not.
func counted(containers []containerState) []containerState {
	return slices.DeleteFunc(slices.Clone(containers), func(c containerState) bool { return c.uncounted })
}

// statusOf is the status that upstream gives a resource with these containers. The
// worst state counts. Containers that have ended as they should are left out.
func statusOf(containers []containerState) string {
	containers = counted(containers)
	needs := ","
	for _, c := range containers {
		needs += c.needs + ","
	}
	count := map[string]int{}
	for _, c := range containers {
		if c.done(needs) {
			continue
		}
		count["all"]++
		count[c.word()]++
	}
	switch all := count["all"]; {
	case count[statusExited] == all &&
		slices.ContainsFunc(containers, func(c containerState) bool { return c.state == "created" }):
		// A start ended before its container ran. A stop has yet to remove that
		// container.
		return statusDegraded
	case count[statusExited] == all:
		return statusExited
	case count[statusPaused] == all:
		return statusPaused
	case count[statusRestarting] == all:
		return statusRestarting
	case count[statusExited]+count[statusPaused]+count[statusRestarting]+count[statusDegraded] > 0:
		return statusDegraded
	}
	for _, worst := range []string{statusStarting, statusUnhealthy, statusUnknown} {
		if count[worst] > 0 {
			return worst
		}
	}
	return statusHealthy
}

// halted are the states of containers that do not run and will not start by themselves.
var halted = map[string]bool{"created": true, "exited": true, "dead": true, "removing": true}

// done reports whether the container has succeeded and is not meant to run on.
func (c containerState) done(needs string) bool {
	once := c.policy == "no" || c.policy == "on-failure" ||
		strings.Contains(needs, ","+c.service+":service_completed_successfully:")
	return c.state == "exited" && c.code == "0" && once
}

// word is the status that upstream gives a resource with only this container.
func (c containerState) word() string {
	switch {
	case halted[c.state]:
		return statusExited
	case c.state == "restarting":
		return statusRestarting
	case c.state == "paused":
		return statusPaused
	case c.state != "running":
		return statusDegraded
	}
	switch c.health {
	case "healthy":
		return statusHealthy
	case "starting":
		if c.restarted { // between two of its ends, it runs for a moment
			return statusRestarting
		}
		return statusStarting
	case "unhealthy":
		return statusUnhealthy
	}
	return statusUnknown
}
