package prepare

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"waybill/localstack/emulator"
)

// tool is a program that must be installed already, and how to install it.
type tool struct {
	command []string
	// least is the lowest major version that the command may print; 0 is any.
	least int
	need  string
}

// MissingError names the tools that are missing.
type MissingError struct{ Needs []string }

// Error has a line for each missing tool, with how to install it.
func (e *MissingError) Error() string {
	return "not found on this machine:\n  " + strings.Join(e.Needs, "\n  ")
}

// Missing returns one *[MissingError] with all the tools that the kinds need and
// this machine lacks.
func Missing(ctx context.Context, kinds ...emulator.Kind) error {
	tools := []tool{
		{[]string{"go", "version"}, 0, "Go 1.26 or newer: https://go.dev/dl"},
		{[]string{"node", "--version"}, 20, "Node.js 20 or newer: https://nodejs.org"},
		{[]string{"npm", "--version"}, 0, "npm, which comes with Node.js: https://nodejs.org"},
	}
	var needs []string
	for _, kind := range kinds {
		switch kind {
		case emulator.MiniStack:
			tools = append(tools, tool{[]string{"python3", "-c",
				"import sys, ensurepip, venv; assert sys.version_info >= (3, 10)"}, 0,
				"Python 3.10 or newer with its venv module: apt-get install python3-venv"})
		case emulator.LocalStack:
			tools = append(tools, tool{[]string{"docker", "compose", "version"}, 0,
				"Docker with compose: https://docs.docker.com/engine/install"})
		case emulator.LocalStackPyPI:
			if _, found := python313(ctx); !found {
				needs = append(needs,
					"Python 3.13: `pyenv install 3.13`, or name it by PYTHON313=/path/to/python3.13")
			}
			tools = append(tools,
				tool{[]string{"javac", "-version"}, 17,
					"a Java development kit, 17 or newer: apt-get install openjdk-17-jdk-headless"},
				tool{[]string{"mvn", "--version"}, 0, "Maven: apt-get install maven"})
		}
	}
	for _, tool := range tools {
		if !tool.there(ctx) {
			needs = append(needs, tool.need)
		}
	}
	if len(needs) > 0 {
		return &MissingError{Needs: needs}
	}
	return nil
}

// number finds the first version number that a tool prints.
var number = regexp.MustCompile(`\d+`)

func (t tool) there(ctx context.Context) bool {
	said, err := exec.CommandContext(ctx, t.command[0], t.command[1:]...).CombinedOutput()
	if err != nil {
		return false
	}
	if t.least == 0 {
		return true
	}
	major, err := strconv.Atoi(number.FindString(string(said)))
	return err == nil && major >= t.least
}

// Kinds returns the kinds that can be prepared on this machine. For each of the
// others it returns the missing tools.
func Kinds(
	ctx context.Context, kinds ...emulator.Kind,
) (can []emulator.Kind, lacks map[emulator.Kind]string) {
	lacks = map[emulator.Kind]string{}
	for _, kind := range kinds {
		if err := Missing(ctx, kind); err != nil {
			lacks[kind] = fmt.Sprintf("%s needs what is %v", kind, err)
			continue
		}
		can = append(can, kind)
	}
	return can, lacks
}
