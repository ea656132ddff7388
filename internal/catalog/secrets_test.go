package catalog_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// drafts has one of every kind with every secret that it can have.
func drafts() map[string]catalog.Deployable {
	environment := []catalog.Variable{{Name: "PLAIN", Value: "1"},
		{Name: "TOKEN", Value: "t0ken", Secret: true}}
	resource := goodResource()
	resource.Environment = environment
	source := catalog.Source{Repository: "https://host/web", UserName: "me", Password: "g1tpass"}
	return map[string]catalog.Deployable{
		"shell":       &catalog.Application{Resource: resource, Shell: &catalog.Shell{Start: "true"}},
		"dockerimage": &catalog.Application{Resource: resource, Image: &catalog.Image{Name: "nginx"}},
		"dockerfile": &catalog.Application{Resource: resource,
			Dockerfile: &catalog.Dockerfile{Source: source}},
		"dockercompose": &catalog.Application{Resource: resource,
			Compose: &catalog.ComposeSource{Source: source}},
		"service": &catalog.Service{Resource: resource, Compose: "services: {}"},
		"mysql": &catalog.Database{Resource: resource, Engine: "mysql", TLS: "REQUIRED", TLSKey: "k3y",
			Settings: map[string]string{"mysql_user": "shop", "mysql_password": "passw0rd",
				"mysql_root_password": "r00tpass"}},
	}
}

// secretsOfDrafts are theirs by the names in the vault.
func secretsOfDrafts() map[string]map[string]string {
	return map[string]map[string]string{
		"shell":         {"TOKEN": "t0ken"},
		"dockerimage":   {"TOKEN": "t0ken"},
		"dockerfile":    {"TOKEN": "t0ken", "GIT_PASSWORD": "g1tpass"},
		"dockercompose": {"TOKEN": "t0ken", "GIT_PASSWORD": "g1tpass"},
		"service":       {"TOKEN": "t0ken"},
		"mysql": {"TOKEN": "t0ken", "MYSQL_PASSWORD": "passw0rd", "MYSQL_ROOT_PASSWORD": "r00tpass",
			"TLS_KEY": "k3y"},
	}
}

func TestTakeSecretsOfEveryKind(t *testing.T) {
	for name, draft := range drafts() {
		want := secretsOfDrafts()[name]
		var listed []string
		for _, secret := range catalog.SecretsOf(draft) {
			listed = append(listed, secret.Field+"="+secret.Value)
		}
		if got := catalog.TakeSecrets(draft); cmp.Diff(got, want) != "" {
			t.Errorf("%s (-got +want)\n%s", name, cmp.Diff(got, want))
		}
		left := fmt.Sprintf("%+v %+v", reflect.ValueOf(draft).Elem(), deref(draft))
		for secret, value := range want {
			if strings.Contains(left, value) {
				t.Errorf("%s: %s is left in the draft", name, secret)
			}
			field := strings.ToLower(secret)
			switch secret {
			case "TOKEN":
				field = "environment.TOKEN"
			case "TLS_KEY":
				field = "ssl_key"
			}
			if !slices.Contains(listed, field+"="+value) {
				t.Errorf("%s: %s is not listed under %s", name, secret, field)
			}
		}
		if len(listed) != len(want) {
			t.Errorf("%s: %d secrets are listed, want %d", name, len(listed), len(want))
		}
		// Taken and put back, it is the draft again.
		if err := catalog.CompleteSecrets(draft, want,
			iotest.ErrReader(errors.New("no randomness is needed"))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(draft, drafts()[name]); diff != "" {
			t.Errorf("%s, put back (-got +want)\n%s", name, diff)
		}
	}
}

// deref shows what an application points to.
func deref(draft catalog.Deployable) any {
	if application, ok := draft.(*catalog.Application); ok && application.Source() != nil {
		return *application.Source()
	}
	return nil
}

func TestTakeSecretsLeavesCopiesAlone(t *testing.T) {
	for name, draft := range drafts() {
		if name == "dockerfile" || name == "dockercompose" {
			continue // a copy shares the form that it points to
		}
		before := fmt.Sprintf("%+v", reflect.ValueOf(draft).Elem())
		switch draft := draft.(type) {
		case *catalog.Application:
			catalog.TakeSecrets(new(*draft))
		case *catalog.Service:
			catalog.TakeSecrets(new(*draft))
		case *catalog.Database:
			catalog.TakeSecrets(new(*draft))
		}
		if after := fmt.Sprintf("%+v", reflect.ValueOf(draft).Elem()); after != before {
			t.Errorf("%s: the original of the copy was changed", name)
		}
	}
}

func TestCompleteSecrets(t *testing.T) {
	t.Run("missing passwords are generated, each a different one", func(t *testing.T) {
		seen := map[string]bool{}
		for _, known := range engine.All() {
			db := goodDatabase(func(db *catalog.Database) { db.Engine = known.Name })
			if err := catalog.CompleteSecrets(db, nil, rand.Reader); err != nil {
				t.Fatal(err)
			}
			for _, secret := range catalog.SecretsOf(db) {
				if len(secret.Value) != 64 || !catalog.IsIDText(secret.Value) || seen[secret.Value] {
					t.Errorf("%s is not 64 letters and digits of its own", secret.Field)
				}
				seen[secret.Value] = true
			}
		}
	})
	t.Run("what was given stays, what was not is kept", func(t *testing.T) {
		draft := drafts()["mysql"].(*catalog.Database)
		draft.Environment = []catalog.Variable{{Name: "TOKEN", Secret: true},
			{Name: "NEW", Value: "new", Secret: true}}
		draft.Settings, draft.TLSKey = map[string]string{"mysql_password": "another"}, ""
		kept := secretsOfDrafts()["mysql"]
		kept["GONE"], kept["mark.key"] = "gone", "ab"
		if err := catalog.CompleteSecrets(draft, kept,
			iotest.ErrReader(errors.New("no randomness is needed"))); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"TOKEN": "t0ken", "NEW": "new", "MYSQL_PASSWORD": "another",
			"MYSQL_ROOT_PASSWORD": "r00tpass", "TLS_KEY": "k3y"}
		if diff := cmp.Diff(catalog.TakeSecrets(draft), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("a password without a user and a key without TLS are not brought back", func(t *testing.T) {
		git := drafts()["dockerfile"].(*catalog.Application)
		git.Dockerfile.UserName, git.Dockerfile.Password = "", ""
		db := drafts()["mysql"].(*catalog.Database)
		db.TLS, db.TLSKey = "", ""
		for name, draft := range map[string]catalog.Deployable{"dockerfile": git, "mysql": db} {
			if err := catalog.CompleteSecrets(draft, secretsOfDrafts()[name], rand.Reader); err != nil {
				t.Fatal(err)
			}
			for _, secret := range catalog.SecretsOf(draft) {
				if secret.Name == "GIT_PASSWORD" || secret.Name == "TLS_KEY" {
					t.Errorf("%s has a %s again", name, secret.Name)
				}
			}
		}
	})
	t.Run("without randomness it fails", func(t *testing.T) {
		err := catalog.CompleteSecrets(goodDatabase(nil), nil, iotest.ErrReader(errors.New("no entropy")))
		if !errors.Is(err, fault.Internal) || err == nil {
			t.Errorf("err = %v, want Internal", err)
		}
	})
	t.Run("of an unknown engine it makes nothing up", func(t *testing.T) {
		db := goodDatabase(func(db *catalog.Database) { db.Engine = "oracle" })
		if err := catalog.CompleteSecrets(db, nil, rand.Reader); err != nil || len(db.Settings) > 0 {
			t.Errorf("err = %v, settings = %v", err, db.Settings)
		}
	})
}

func TestSealSecrets(t *testing.T) {
	for name, draft := range drafts() {
		random := bytes.NewReader(bytes.Repeat([]byte{0xab}, 32))
		first, err := catalog.SealSecrets(draft, nil, random)
		if err != nil {
			t.Fatal(err)
		}
		want := secretsOfDrafts()[name]
		want["mark.key"] = strings.Repeat("ab", 32)
		if diff := cmp.Diff(first, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", name, diff)
		}
		marks := maps.Clone(draft.Shared().SecretDigests)
		for secret, value := range secretsOfDrafts()[name] {
			if marks[secret] != catalog.SecretDigest(first["mark.key"], secret, value) {
				t.Errorf("%s: %s has the mark %q", name, secret, marks[secret])
			}
		}
		if len(marks) != len(first)-1 {
			t.Errorf("%s: %d marks for %d secrets and the key", name, len(marks), len(first))
		}
		// An update keeps the key, so that only what changed has another mark.
		if err := catalog.CompleteSecrets(draft, first, rand.Reader); err != nil {
			t.Fatal(err)
		}
		draft.Shared().Environment[1].Value = "another"
		second, err := catalog.SealSecrets(draft, first, rand.Reader)
		if err != nil || second["mark.key"] != first["mark.key"] {
			t.Errorf("%s: err = %v, or another key", name, err)
		}
		for secret, mark := range draft.Shared().SecretDigests {
			if changed := mark != marks[secret]; changed != (secret == "TOKEN") {
				t.Errorf("%s: the mark of %s changed: %v", name, secret, changed)
			}
		}
	}
	_, err := catalog.SealSecrets(drafts()["service"], nil, iotest.ErrReader(errors.New("no entropy")))
	if err == nil || !errors.Is(err, fault.Internal) {
		t.Errorf("err = %v, want Internal", err)
	}
}

func TestAllSettings(t *testing.T) {
	draft := drafts()["mysql"].(*catalog.Database)
	secrets := catalog.TakeSecrets(draft)
	want := map[string]string{"mysql_user": "shop", "mysql_password": "passw0rd",
		"mysql_root_password": "r00tpass"}
	if diff := cmp.Diff(catalog.AllSettings(draft, secrets), want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	if _, there := draft.Settings["mysql_password"]; there {
		t.Error("the password is back in the draft")
	}
}

// The whole set counts, not only the variables.
func TestCheckCountsAllSecrets(t *testing.T) {
	long := func(n int) []catalog.Variable {
		return []catalog.Variable{{Name: "A", Value: strings.Repeat("x", n), Secret: true}}
	}
	for name, draft := range drafts() {
		set := secretsOfDrafts()[name]
		delete(set, "TOKEN")
		set["A"], set["mark.key"] = "", strings.Repeat("0", 64)
		size := len("{}") - 1
		for name, value := range set {
			size += len(`"":"",`) + len(name) + len(value)
		}
		draft.Shared().Environment = long(64<<10 - size)
		if got := fault.Fields(catalog.Check(draft))["environment"]; got != nil {
			t.Errorf("%s: a full set is refused: %v", name, got)
		}
		draft.Shared().Environment = long(64<<10 - size + 1)
		if got := fault.Fields(catalog.Check(draft))["environment"]; len(got) != 1 {
			t.Errorf("%s: a byte more is accepted: %v", name, got)
		}
	}
}
