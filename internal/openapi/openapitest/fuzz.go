// Package openapitest sends generated requests to the API, and holds its answers against
// openapi.yaml. The generator is schemathesis (https://schemathesis.io): examples, every
// boundary of every schema, random values, and sequences of requests that use what earlier
// answers had.
package openapitest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Target is the API that is tested.
type Target struct {
	// URL is its address, with "/api/v1".
	URL string
	// Token has the ability root.
	Token string
	// TokenID is the id of the token, which the run must not revoke.
	TokenID string
	// The ids of one entity of each kind.
	Server, Key, Application, Service, Database, Deployment string
	// Phases are the phases of schemathesis, with commas between them.
	Phases string
	// Examples is the number of random requests for each operation.
	Examples int
}

// Fuzz fails the test with the report of schemathesis if it finds an answer that is not as
// openapi.yaml says: an error of the server, a status or a body that is not described, an
// invalid request that is accepted, or a valid one that is refused without a reason that
// hooks.py lists. It takes minutes, so it is skipped without WAYBILL_SCHEMATHESIS, which
// `make test` sets.
func Fuzz(t *testing.T, target Target) {
	t.Helper()
	if os.Getenv("WAYBILL_SCHEMATHESIS") == "" {
		t.Skip("takes minutes: make tools-schemathesis, then WAYBILL_SCHEMATHESIS=1 go test")
	}
	root := moduleRoot(t)
	program := filepath.Join(root, ".local/venv/schemathesis/bin/schemathesis")
	folder := filepath.Join(root, "internal/openapi/openapitest")
	run, err := json.Marshal(map[string]string{
		"token": target.TokenID, "server": target.Server, "key": target.Key,
		"application": target.Application, "service": target.Service, "database": target.Database,
		"deployment": target.Deployment,
	})
	if err != nil {
		t.Fatal(err)
	}
	fuzz := exec.CommandContext(t.Context(), program,
		"--config-file", filepath.Join(folder, "schemathesis.toml"),
		"run", filepath.Join(root, "internal/openapi/document/openapi.json"), "--url", target.URL,
		"--header", "Authorization: Bearer "+target.Token, "--phases", target.Phases,
		"--max-examples", strconv.Itoa(target.Examples),
		"--no-color")
	fuzz.Dir = t.TempDir()
	fuzz.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+filepath.Join(folder, "hooks.py"),
		"WAYBILL_FUZZ="+string(run))
	output, err := fuzz.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	t.Logf("%s", output)
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; folder != "/"; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}
