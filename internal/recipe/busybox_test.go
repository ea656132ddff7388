package recipe_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
)

// TestTheScriptsOnAServerWithBusybox runs the tests of the steps' scripts again with
// busybox as sh and as every tool, as on Alpine.
func TestTheScriptsOnAServerWithBusybox(t *testing.T) {
	t.Parallel()
	tests := []string{
		"TestFetch", "TestRestartUses", "TestDelete", "TestP8Health", "TestP8Start", "TestP8Report",
		"TestHTTPCheck", "TestNetworks", "TestStatusOf", "TestPullAsks", "TestPolicyFollowsLinks",
		"TestPolicyRefuses", "TestSlowDependency",
	}
	needCompose(t)
	needGit(t)
	path := remotetest.Busybox(t, "bash", "curl", "docker", "git", "git-lfs", "ssh", "ssh-keygen")
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.v",
		"-test.run=^("+strings.Join(tests, "|")+")")
	command.Env = []string{"PATH=" + path}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PATH=") {
			command.Env = append(command.Env, variable)
		}
	}
	said, err := command.CombinedOutput()
	for _, test := range tests { // each name must be one of a test, and one that is not skipped
		if passed := "\n--- PASS: " + test; err != nil || !strings.Contains(string(said), passed) {
			t.Fatalf("%v, want %q:\n%s", err, passed, said)
		}
	}
}
