package e2e_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"waybill/internal/catalog"
	"waybill/localstack/client"
)

// database is a database that a test has registered.
type database struct {
	dialect
	w    *world
	spy  *spy
	uuid string
	// folder is its folder on the server.
	folder string
	// inside is the target for containers, outside the target for other clients.
	inside, outside target
	shown           shownDatabase
}

// shownDatabase has the fields of the API's answer that the tests check.
type shownDatabase struct {
	UUID        string `json:"uuid"`
	Type        string `json:"database_type"`
	Status      string `json:"status"`
	Image       string `json:"image"`
	InternalURL string `json:"internal_db_url"`
	ExternalURL string `json:"external_db_url"`
	Certificate string `json:"ssl_certificate"`
	Deployment  string `json:"deployment_uuid"`
}

// database registers a database with the dialect's image. Its health is checked
// every second, so that the tests do not wait for it.
func (w *world) database(
	t *testing.T, spy *spy, server string, speaks dialect, given map[string]any,
) *database {
	t.Helper()
	needImage(t, speaks.image)
	return w.databaseOfAnyImage(t, spy, server, speaks, given)
}

// databaseOfAnyImage is like database, with an image that may have to be pulled.
func (w *world) databaseOfAnyImage(
	t *testing.T, spy *spy, server string, speaks dialect, given map[string]any,
) *database {
	t.Helper()
	body := map[string]any{"name": speaks.engine, "server_uuid": server, "image": speaks.image,
		"health_check_interval": 1, "health_timeout": 60}
	maps.Copy(body, given)
	var answer json.RawMessage
	if err := w.api.Post(t.Context(), "/databases/"+speaks.engine, body, &answer); err != nil {
		t.Fatalf("POST /databases/%s: %v", speaks.engine, err)
	}
	db := &database{dialect: speaks, w: w, spy: spy}
	if err := json.Unmarshal(answer, &db.shown); err != nil {
		t.Fatal(err)
	}
	db.uuid = db.shown.UUID
	if db.shown.Type != "standalone-"+speaks.engine || db.shown.Image != speaks.image ||
		db.shown.Status != "exited" {
		t.Errorf("it is a %s of %s, %s", db.shown.Type, db.shown.Image, db.shown.Status)
	}
	var at struct {
		Folder string `json:"data_dir"`
	}
	w.get(t, "/servers/"+server, &at)
	db.folder = filepath.Join(at.Folder, "databases", db.uuid)
	db.inside = reach(t, db.shown.InternalURL)
	if db.shown.ExternalURL != "" {
		db.outside = reach(t, db.shown.ExternalURL)
		db.outside.network = "host"
	}
	db.trust(t)
	db.hide(t, answer)
	cleanDatabase(t, db.uuid)
	return db
}

// trust writes the certificate to a file for the clients, if there is one.
func (db *database) trust(t *testing.T) {
	t.Helper()
	if db.shown.Certificate == "" {
		return
	}
	file := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(file, []byte(db.shown.Certificate), 0o644); err != nil {
		t.Fatal(err)
	}
	db.inside.certificate, db.outside.certificate = file, file
}

// hide gives the spy the database's passwords and its TLS key.
func (db *database) hide(t *testing.T, answer json.RawMessage) {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(answer, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		if password, is := value.(string); is && strings.HasSuffix(name, "_password") {
			db.spy.hide(name+" of "+db.uuid, password)
			db.spy.hide("letters of "+name+" of "+db.uuid, unquoted(password))
		}
	}
	_, secrets := db.vault(t)
	if lines := strings.Split(secrets["TLS_KEY"], "\n"); len(lines) > 2 {
		// One line of the PEM file is enough. Programs write its line breaks in
		// different ways, so the whole file might not be found.
		db.spy.hide("the TLS key of "+db.uuid, lines[1])
	}
}

// unquoted returns the part of a password that no quoting changes. Of a generated
// password that is the whole.
func unquoted(password string) string {
	if strings.Contains(password, letters) {
		return letters
	}
	return password
}

// vault returns the name and the secrets of the database's newest set in the parameter
// store, or "" if it has none there.
func (db *database) vault(t *testing.T) (name string, values map[string]string) {
	t.Helper()
	path := "/waybill-e2e/resources/" + db.uuid
	got, err := db.w.cloud.Session().SSM().GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{
		Path: &path, Recursive: aws.Bool(true), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, parameter := range got.Parameters {
		if *parameter.Name > name {
			name, text = *parameter.Name, *parameter.Value
		}
	}
	if name == "" {
		return "", nil
	}
	_, text, _ = strings.Cut(text, "\n") // the number of parts
	secrets, err := catalog.DecodeSecrets([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return name, secrets.Values
}

// operate runs an operation. It must finish and leave the database in the status.
func (db *database) operate(t *testing.T, operation, status string) client.Deployment {
	t.Helper()
	record, entries := db.w.operate(t, db.uuid, operation)
	db.noteLog(t, record, entries)
	wantStatus(t, record, entries, "finished", "")
	db.wantStatus(t, status)
	return record
}

// noteLog gives the spy the API's answers about a deployment.
func (db *database) noteLog(t *testing.T, record client.Deployment, entries []client.Entry) {
	t.Helper()
	db.spy.note("the log of "+record.DeploymentUUID, text(entries))
	for _, path := range []string{"", "/configuration", "/logs?format=text"} {
		var shown string
		db.w.get(t, "/deployments/"+record.DeploymentUUID+path, &shown)
		db.spy.note("the deployment "+record.DeploymentUUID+path, shown)
	}
}

func (db *database) wantStatus(t *testing.T, status string) {
	t.Helper()
	var now shownDatabase
	db.w.get(t, at(db.uuid), &now)
	if now.Status != status {
		t.Errorf("%s is %s, want %s", db.engine, now.Status, status)
	}
}

func (db *database) wantWord(t *testing.T) {
	t.Helper()
	db.wantAnswer(t, db.inside, db.kept, "word")
}

func (db *database) keepWord(t *testing.T) {
	t.Helper()
	if said, err := db.ask(t, db.inside, db.keep); err != nil {
		t.Errorf("%s keeps no word: %v\n%s", db.engine, err, said)
	}
}

// wantSecretive checks the database on the server: the spy gets docker's
// description of the container, and the files with the password must have the
// right modes.
func (db *database) wantSecretive(t *testing.T) {
	t.Helper()
	db.spy.note("docker inspect "+db.uuid, docker(t, "inspect", db.uuid))
	password := unquoted(db.inside.password())
	holding := 0
	look := func(path string, info fs.FileInfo, content []byte) {
		if !strings.Contains(string(content), password) {
			return
		}
		holding++
		// A file may be readable for the container's user, because no other user of
		// the server can enter the folder.
		if mode := info.Mode().Perm(); mode != 0o600 && mode != 0o644 ||
			filepath.Base(path) == "docker-compose.yml" {
			t.Errorf("the password is in %s, of mode %o", path, mode)
		}
	}
	eachFile(t, db.folder, look)
	eachFile(t, filepath.Join(filepath.Dir(filepath.Dir(db.folder)), "control", "databases", db.uuid), look)
	if holding == 0 {
		t.Errorf("no file in %s has the password: the test looks in the wrong place", db.folder)
	}
	info, err := os.Stat(db.folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v (%v), want 0700", info.Mode().Perm(), err)
	}
}

// volumes returns the names of the database's volumes.
func (db *database) volumes(t *testing.T) []string {
	t.Helper()
	return strings.Fields(docker(t, "volume", "ls", "--quiet", "--filter", "name="+db.uuid))
}

// remove deletes the database and checks that nothing of it is left. Its volumes
// must stay unless withVolumes is true.
func (db *database) remove(t *testing.T, withVolumes bool) {
	t.Helper()
	before, path := db.volumes(t), at(db.uuid)
	current, _ := db.vault(t)
	if withVolumes {
		path += "?delete_volumes=true"
	}
	var queued struct {
		Deployment string `json:"deployment_uuid"`
	}
	if err := db.w.api.Do(t.Context(), "DELETE", path, nil, &queued); err != nil {
		t.Fatal(err)
	}
	record, entries := db.w.follow(t, queued.Deployment)
	db.noteLog(t, record, entries)
	wantStatus(t, record, entries, "finished", "")
	eventually(t, "the database is in the catalog", func() bool {
		answer, is := errors.AsType[*client.Error](db.w.api.Get(t.Context(), at(db.uuid), nil))
		return is && answer.Status == 404
	})
	eventually(t, "its secrets are in the vault", func() bool {
		newest, _ := db.vault(t)
		return newest != current // sets that were replaced before stay for an hour
	})
	if left, err := os.ReadDir(db.folder); len(left) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder has %v (%v)", left, err)
	}
	if left := docker(t, "ps", "--all", "--quiet", "--filter", "name="+db.uuid); left != "" {
		t.Errorf("containers are left: %s", left)
	}
	if after := db.volumes(t); withVolumes && len(after) > 0 || !withVolumes && len(after) != len(before) ||
		len(before) == 0 {
		t.Errorf("it had the volumes %v, and has %v", before, after)
	}
}

// eventually waits until gone returns true. what describes the state before that.
func eventually(t *testing.T, what string, gone func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !gone(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s, %s still", patience, what)
		}
	}
}

// cleanDatabase removes the volumes, containers and networks of a test's database.
func cleanDatabase(t *testing.T, uuid string) {
	t.Cleanup(func() {
		for _, volume := range strings.Fields(docker(t, "volume", "ls", "--quiet", "--filter",
			"name="+uuid)) {
			docker(t, "volume", "rm", "--force", volume)
		}
	})
	cleanProject(t, uuid)
}
