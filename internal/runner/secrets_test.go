package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// TestP3 holds for all that a deployment is given: whatever of it the server
// prints, the log has a mask with its name.
func TestP3SecretsOfADeploymentAreNotInTheLog(t *testing.T) {
	const password = "pa ss:w@rd/50%"
	const key = "-----BEGIN KEY-----\nfirst-line-of-the-key\nother-line-of-the-key\n-----END KEY-----\n"
	database := func(t *testing.T, w *world) catalog.ID {
		db := &catalog.Database{
			Resource: catalog.Resource{
				Meta: catalog.Meta{ID: "dbs000000000000000000001", Name: "db"}, ServerID: w.server.ID,
			},
			Engine: "postgresql", Image: "postgres:16-alpine", PublicPort: 15432,
			Settings: map[string]string{"postgres_user": "sesame", "postgres_db": "shop"},
		}
		w.create(t, db)
		if err := w.SetSecrets(t.Context(), db.ID, map[string]string{
			"POSTGRES_PASSWORD": password, catalog.DigestKeySecret: "0123456789abcdef",
			catalog.VariableSecret("TOKEN", true): "of-pull-requests",
		}); err != nil {
			t.Fatal(err)
		}
		return db.ID
	}
	application := func(t *testing.T, w *world) catalog.ID { return w.built(t, key) }
	for _, c := range []struct {
		name       string
		resource   func(*testing.T, *world) catalog.ID
		prints     string
		hides, has string
	}{
		{"a password", database, "<" + password + ">", password,
			"<<REDACTED:POSTGRES_PASSWORD>>"},
		{"an internal URL", database,
			"postgres://sesame:pa%20ss%3Aw%40rd%2F50%25@dbs000000000000000000001:5432/shop", "sesame",
			"<REDACTED:internal_db_url>"},
		{"an external URL", database, "postgres://sesame:pa%20ss%3Aw%40rd%2F50%25@web-1:15432/shop", "sesame",
			"<REDACTED:external_db_url>"},
		{"a line of a deploy key", application, "  other-line-of-the-key", "other-line",
			"  <REDACTED:private_key>"},
		{"the key of the server", application, "a private key", "private key", "<REDACTED:private_key>"},
		// Nothing masks the key of the marks, because no job gets it.
		{"the key of marks, which", database, "0123456789abcdef", "nothing", "0123456789abcdef"},
		{"a variable of pull requests, which", database, "of-pull-requests", "nothing", "of-pull-requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := stillWorld(t, &puppet{prints: c.prints + "\n"})
				record, log := w.run(t, w.asked(t, c.resource(t, w), deployment.Start))
				if record.Status != deployment.Finished || strings.Contains(log, c.hides) ||
					!strings.Contains(log, c.has+"\n") {
					t.Errorf("%s, want %q and not %q:\n%s", record.Status, c.has, c.hides, log)
				}
			})
		})
	}
}

// TestP3 holds for what is refused before anything runs: the refusal may quote
// the value that it is about.
func TestP3ARefusalMasksTheSecretThatItQuotes(t *testing.T) {
	const value = "zz-S3cretNotAPort-91"
	for name, line := range map[string]string{
		"a port":         `ports: ["${P}:80"]`,
		"a memory limit": `mem_limit: ${P}`,
		"a volume":       `volumes: ["${P}:${P}:${P}"]`,
		"an interval":    `healthcheck: {test: "true", interval: "${P}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := stillWorld(t, &puppet{})
				service := &catalog.Service{
					Resource: catalog.Resource{
						Meta:     catalog.Meta{ID: "svc000000000000000000001", Name: "web"},
						ServerID: w.server.ID, Environment: []catalog.Variable{{Name: "P", Secret: true}},
					},
					Compose: "services:\n  web:\n    image: web:1\n    " + line + "\n",
				}
				w.create(t, service)
				if err := w.SetSecrets(t.Context(), service.ID, map[string]string{"P": value}); err != nil {
					t.Fatal(err)
				}
				record, log := w.run(t, w.asked(t, service.ID, deployment.Start))
				if record.Outcome.Reason != deployment.ReasonConfiguration || strings.Contains(log, value) ||
					!strings.Contains(log, "<REDACTED:P>") {
					t.Errorf("%s %s, want a refusal that hides the value:\n%s",
						record.Status, record.Outcome.Reason, log)
				}
			})
		})
	}
}

// Reading a secret and hiding it are one step, in one place.
func TestP3OnlyOneFileReadsTheVault(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if name == "secrets.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "ports.Vault") {
			t.Errorf("%s reads the vault: use attempt.readAndConceal, which hides what it reads", name)
		}
	}
}
