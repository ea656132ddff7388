package recipe

import (
	"fmt"
	"strings"
)

// maxFaults is how many containers a fault names at most.
const maxFaults = 3

// faultOf names the containers that made a start fail, in words. It names only the
// containers with the worst kind of fault that was found.
func faultOf(containers []containerState) string {
	containers = counted(containers)
	needs := ","
	for _, c := range containers {
		needs += c.needs + ","
	}
	for _, says := range faults {
		var found []string
		for _, c := range containers {
			if text := says(c, needs); text != "" && !c.done(needs) {
				found = append(found, c.name+" "+text)
			}
		}
		if len(found) > 0 {
			return strings.Join(found[:min(len(found), maxFaults)], "; ")
		}
	}
	return ""
}

// faults are the kinds of fault, worst first. Each returns "" for a container without
// this fault.
var faults = []func(c containerState, needs string) string{
	func(c containerState, _ string) string {
		if c.state == "exited" || c.state == "dead" || c.state == "restarting" {
			return "exited with code " + c.code
		}
		return ""
	},
	func(c containerState, _ string) string {
		if c.state == "running" && c.restarted && c.health != "healthy" {
			return "exits and is started again"
		}
		return ""
	},
	func(c containerState, _ string) string {
		switch c.health {
		case "unhealthy":
			return "is unhealthy"
		case "starting":
			return "is not healthy yet"
		}
		return ""
	},
	func(c containerState, needs string) string {
		if c.state == "running" &&
			strings.Contains(needs, fmt.Sprintf(",%s:service_completed_successfully:", c.service)) {
			return "has not ended, and others wait for that"
		}
		return ""
	},
	func(c containerState, _ string) string {
		if c.state == "created" {
			return "was never started"
		}
		return ""
	},
}
