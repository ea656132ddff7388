package grants

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"waybill/localstack/emulator"
)

// Call is a call of a role that MiniStack has checked. Equal calls are recorded once.
type Call struct {
	Role     string `json:"role"`
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Context has the values of the condition keys that the role's policies name.
	Context map[string]any `json:"context"`
	// Allowed is what MiniStack decided, with the resource's own policy.
	Allowed bool `json:"allowed"`
}

// Grant is one action on one resource that a statement of a role's policy allows.
type Grant struct {
	Role      string         `json:"role"`
	Action    string         `json:"action"`
	Resource  string         `json:"resource"`
	Condition map[string]any `json:"condition"`
	// Uses counts the calls that the grant allows. Denied lists the calls that fail without it: all
	// of them, unless another grant allows the same.
	Uses   int    `json:"uses"`
	Denied []Call `json:"denied"`
}

// Findings are what follows from a recording.
type Findings struct {
	Grants []Grant `json:"grants"`
	// Refused are the calls that were refused, or that the policies do not allow.
	Refused []Call `json:"refused"`
}

// Load reads a recording: the policies of the stack's roles, and their calls.
func Load(folder string) (Policies, []Call, error) {
	text, err := os.ReadFile(filepath.Join(folder, rolesFile))
	if err != nil {
		return nil, nil, err
	}
	var roles Policies
	if err := json.Unmarshal(text, &roles); err != nil {
		return nil, nil, err
	}
	for role := range roles {
		if Owner(role) == "" {
			delete(roles, role)
		}
	}
	text, err = os.ReadFile(filepath.Join(folder, callsFile))
	if err != nil {
		return nil, nil, err
	}
	var calls []Call
	for line := range bytes.Lines(text) {
		var call Call
		if err := json.Unmarshal(line, &call); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", line, err)
		}
		if Owner(call.Role) != "" {
			calls = append(calls, call)
		}
	}
	return roles, calls, nil
}

// Remove removes each grant in turn and evaluates the calls. root is the checkout, whose .local
// folder has MiniStack.
func Remove(ctx context.Context, root string, roles Policies, calls []Call) (Findings, error) {
	given, err := json.Marshal(map[string]any{"roles": roles, "calls": calls})
	if err != nil {
		return Findings{}, err
	}
	command := exec.CommandContext(ctx, emulator.Python(root, emulator.MiniStack),
		filepath.Join(root, emulator.Sources, "grants.py"))
	command.Stdin, command.Stderr = bytes.NewReader(given), os.Stderr
	printed, err := command.Output()
	if err != nil {
		return Findings{}, fmt.Errorf("grants.py: %w", err)
	}
	var found Findings
	return found, json.Unmarshal(printed, &found)
}

// roleName matches the name that CloudFormation gives a role of the stack.
var roleName = regexp.MustCompile(`-(?:Functions([A-Z][a-z]+)|(Schedules))Role[0-9A-F]{8}-`)

// Owner returns the function that has the role, "schedules" for the role of EventBridge Scheduler,
// or "" for a role of another stack.
func Owner(role string) string {
	parts := roleName.FindStringSubmatch(role)
	if parts == nil {
		return ""
	}
	return strings.ToLower(parts[1] + parts[2])
}

// String describes the grant, with its owner.
func (g Grant) String() string {
	text := fmt.Sprintf("%s: %s on %s", Owner(g.Role), g.Action, place(g.Resource))
	for operator, keys := range g.Condition {
		text += fmt.Sprintf(" if %s %v", operator, keys)
	}
	return text
}

// String describes the call.
func (c Call) String() string {
	text := fmt.Sprintf("%s of %s", c.Action, place(c.Resource))
	for key, value := range c.Context {
		text += fmt.Sprintf(" with %s %v", key, value)
	}
	return text
}

// place is an ARN without what all have in common.
func place(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}
