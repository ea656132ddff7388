package runner_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// TestP3 holds for all that a deployment is given: whatever of it the server
// prints, the log has a mask with its name.
func TestP3WhatADeploymentIsGivenIsNotInTheLog(t *testing.T) {
	const password = "pa ss:w@rd/50%"
	const key = "-----BEGIN KEY-----\nfirst-line-of-the-key\nother-line-of-the-key\n-----END KEY-----\n"
	database := func(t *testing.T, w *world) catalog.ID {
		db := &catalog.Database{
			Resource: catalog.Resource{Meta: catalog.Meta{ID: "dbs000000000000000000001", Name: "db"}, ServerID: w.server.ID},
			Engine:   "postgresql", Image: "postgres:16-alpine", PublicPort: 15432,
			Settings: map[string]string{"postgres_user": "sesame", "postgres_db": "shop"},
		}
		w.create(t, db)
		if err := w.Vault().Put(t.Context(), db.ID, map[string]string{"POSTGRES_PASSWORD": password, catalog.MarkKeySecret: "0123456789abcdef"}); err != nil {
			t.Fatal(err)
		}
		return db.ID
	}
	application := func(t *testing.T, w *world) catalog.ID { return w.built(t, key) }
	for name, c := range map[string]struct {
		resource   func(*testing.T, *world) catalog.ID
		prints     string
		hides, has string
	}{
		"a password":              {database, "<" + password + ">", password, "<<REDACTED:POSTGRES_PASSWORD>>"},
		"an internal URL":         {database, "postgres://sesame:pa%20ss%3Aw%40rd%2F50%25@dbs000000000000000000001:5432/shop", "sesame", "<REDACTED:internal_db_url>"},
		"an external URL":         {database, "postgres://sesame:pa%20ss%3Aw%40rd%2F50%25@web-1:15432/shop", "sesame", "<REDACTED:external_db_url>"},
		"a line of a deploy key":  {application, "  other-line-of-the-key", "other-line", "  <REDACTED:private_key>"},
		"the key of the server":   {application, "a private key", "private key", "<REDACTED:private_key>"},
		"the key of marks, which": {database, "0123456789abcdef", "nothing", "0123456789abcdef"}, // no job is given
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := stillWorld(t, &puppet{prints: c.prints + "\n"})
				record, log := w.run(t, w.asked(t, c.resource(t, w), catalog.Start))
				if record.Status != deployment.Finished || strings.Contains(log, c.hides) || !strings.Contains(log, c.has+"\n") {
					t.Errorf("%s, want %q and not %q:\n%s", record.Status, c.has, c.hides, log)
				}
			})
		})
	}
}
