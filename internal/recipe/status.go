package recipe

import (
	"fmt"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// The states of a resource beside those of a plan.
const (
	statusUnhealthy  = "running:unhealthy"
	statusStarting   = "starting:unhealthy"
	statusRestarting = "restarting:unhealthy"
	statusDegraded   = "degraded:unhealthy"
	statusPaused     = "paused:unknown"
)

// Status is how a resource was found on its server.
type Status struct {
	// Status is as upstream writes it, "" if nothing was ever done to it there.
	Status string
	// Commit and Message are of what was built last, if it is built from a
	// repository. Message is the server's text.
	Commit, Message string
	// Fault says in words which containers are not well, worst first; "" if all
	// are. It has names from the server.
	Fault string
}

// StatusScript is sh that finds out how the resource is and changes nothing.
// [ParseStatus] reads what it prints.
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
	p.resolved = "" // looking up containers needs no values
	// As a function it is read whole before any of it runs, and none of what
	// runs can read the rest from stdin.
	head := "forget command_needs\n" + fmt.Sprintf("control=%s folder=%s name=%s asks=%s\n",
		quote(input.control()), quote(input.folder()), quote(name), asks)
	functions := text("client.sh") + remote.DockerText() + p.script(text("containers.sh"))
	return text("forget.sh") + "waybill() {\n" + head + functions + "\n" + text("status.sh") + "}\nwaybill </dev/null\n"
}

// ParseStatus reads what the script of [StatusScript] printed. Unavailable if
// that is not all of it, or if the server could not tell; the words are then the
// server's own.
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
			return Status{}, fault.New(fault.Unavailable, "The server cannot tell how the resource is: %s", rest)
		case "E":
			if !commands {
				found.Status, found.Fault = statusOf(containers), faultOf(containers)
			}
			return found, nil
		}
	}
	return Status{}, fault.New(fault.Unavailable, "The server did not tell how the resource is.")
}

// commandStatus is what the states of an application mean that runs by commands.
var commandStatus = map[string]string{
	"none":      "",
	"stopped":   statusExited,
	"started":   statusUnknown,
	"healthy":   statusHealthy,
	"unhealthy": statusUnhealthy,
	// A start failed or was cancelled: the command may have started something.
	"unfinished": "unknown",
}

// containerState is what is asked of a container; see containers.sh.
type containerState struct {
	name          string
	state, health string
	code, policy  string
	restarted     bool // by docker, since somebody started it
	oneoff        bool
	service       string
	needs         string
}

func readContainer(line string) containerState {
	const words = 12
	word := strings.Fields(line)
	if len(word) < words {
		return containerState{state: "unknown"}
	}
	return containerState{name: strings.TrimPrefix(word[0], "/"), state: word[1], health: word[2], code: word[3], restarted: word[5] != "0", policy: word[6],
		oneoff: word[9] == "True", service: word[10], needs: word[11]}
}

// statusOf is what upstream would call a resource of these containers: what is
// worst about them, but for those that have ended as they should.
func statusOf(containers []containerState) string {
	containers = slices.DeleteFunc(slices.Clone(containers), func(c containerState) bool { return c.oneoff })
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
	case count[statusExited] == all && slices.ContainsFunc(containers, func(c containerState) bool { return c.state == "created" }):
		// A start ended before its container ran. A stop still has that to remove.
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

// halted are the states of containers that do not run, nor will by themselves.
var halted = map[string]bool{"created": true, "exited": true, "dead": true, "removing": true}

// done reports whether the container has ended well and need not run on.
func (c containerState) done(needs string) bool {
	once := c.policy == "no" || c.policy == "on-failure" || strings.Contains(needs, ","+c.service+":service_completed_successfully:")
	return c.state == "exited" && c.code == "0" && once
}

// word is what a resource of this container alone would be called.
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
		if c.restarted { // one that ends again and again runs now and then
			return statusRestarting
		}
		return statusStarting
	case "unhealthy":
		return statusUnhealthy
	}
	return statusUnknown
}
