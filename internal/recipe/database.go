package recipe

import (
	"fmt"
	"path"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// filesFolder is the folder, in the control folder, for the files that the database's
// container mounts. Each file lies there under its path in the container. Files that
// the engine's user must read have mode 0644, which is safe because only the server's
// user can enter the control folder.
const filesFolder = "files"

// initialisedFile exists once the database has been healthy for the first time.
const initialisedFile = "initialised"

// watchDatabase is sh that sets how often the container may end while the health step
// waits. If it ends before the database was ever healthy, the initialisation has
// failed: a container that docker starts again may have only half of the data.
const watchDatabase = "max_exits=3\n[ -e " + initialisedFile + " ] || max_exits=1\n" +
	"trap '[ $? -ne 0 ] || : >" + initialisedFile + "' EXIT\n"

// readable is the mode of files that the engine's own user reads.
const readable = 0o644

// tlsStep is the step that gives the engine its TLS key.
const tlsStep = "Hand over the TLS key"

func database(input Input, db *catalog.Database) (Plan, error) {
	known, ok := engine.Find(db.Engine)
	if !ok {
		return Plan{}, fault.New(fault.Internal, "no recipe for the engine %q", db.Engine)
	}
	plan := input.plan()
	switch {
	case input.Operation == deployment.Delete:
		plan.Job.Steps = input.remove()
		return plan, nil
	case !input.starts():
		plan.Job.Steps = input.needingDocker([]remote.Step{input.projectOf().down()})
		return plan, nil
	}
	whole, err := resolve(input, db, known)
	if err != nil {
		return Plan{}, err
	}
	if plan.Job.Files, err = whole.jobFiles(); err != nil {
		return Plan{}, err
	}
	plan.Job.Steps = input.needingDocker(input.databaseSteps(whole))
	plan.Status = statusHealthy
	if db.Health.Disabled {
		plan.Status = statusUnknown
	}
	return plan, nil
}

// databaseSteps orders the steps so that the image is present and the engine can read
// the key before the running container is stopped. The container is always created
// again, because compose does not notice that the content of a file has changed. Only
// PullLatestImages pulls a newer image, and a deploy does not: a newer image may not be
// able to read old data.
func (in Input) databaseSteps(whole resolved) []remote.Step {
	p := in.projectOf()
	p.watch = watchDatabase
	steps := []remote.Step{in.makeNetworks(sharedNetwork), in.pull(p)}
	if whole.db.TLS != "" && whole.engine.TLS.Owner != "" {
		steps = append(steps, whole.handOver(p))
	}
	if in.stops() {
		steps = append(steps, p.stop())
	}
	return append(steps, p.up(true)...)
}

// handOver makes the engine's user the owner of the key. Only the image knows this
// user's number, so a container of the image changes the owner.
func (r resolved) handOver(p project) remote.Step {
	command := fmt.Sprintf("docker run --rm --network none --user root --entrypoint chown "+
		"--volume %[1]s:%[2]s %[3]s %[4]s %[2]s",
		quote(r.hostPath(engine.KeyFile)), engine.KeyFile, quote(r.db.Image), r.engine.TLS.Owner)
	return p.step(tlsStep, command, "tell "+command)
}

// resolved is a database with everything that its container depends on.
type resolved struct {
	db *catalog.Database
	// control is the control folder; see [Places].
	control string
	engine  engine.Engine
	// values has the value of every setting by its wire name.
	values map[string]string
	// variables are the user's own variables.
	variables []catalog.Variable
	// key is the TLS key in PEM.
	key string
	// files are the files that the container mounts, with their contents.
	files []engine.File
}

// resolve collects everything that the container depends on. It returns Invalid, naming
// the field, if a secret has no value in the vault.
func resolve(input Input, db *catalog.Database, known engine.Engine) (resolved, error) {
	whole := resolved{
		db:      db,
		control: input.control(),
		engine:  known,
		values:  map[string]string{},
		key:     input.Secrets[catalog.TLSKeySecret],
	}
	for _, setting := range known.Settings {
		value := db.Settings[setting.Field]
		if setting.Secret {
			value = input.Secrets[setting.VaultName()]
		}
		if value == "" {
			value = setting.Default
		}
		if setting.Secret && value == "" {
			return whole, lost(setting.Field)
		}
		whole.values[setting.Field] = value
	}
	if db.TLS != "" && whole.key == "" {
		return whole, lost("ssl_key")
	}
	var err error
	whole.variables, err = input.environment()
	whole.files = whole.containerFiles()
	return whole, err
}

func lost(field string) error {
	return fault.New(fault.Invalid, "The secret %s has no value. Set it again.", field)
}

// jobFiles are the files that the job sends to the server.
func (r resolved) jobFiles() ([]remote.File, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	compose, err := composeDocument(document)
	if err != nil {
		return nil, err
	}
	files := []remote.File{compose}
	if len(r.variables) > 0 {
		files = append(files, remote.File{Path: containerEnvironment, Content: dotenvFile(r.variables)})
	}
	for _, file := range r.files {
		sent := remote.File{Path: r.hostPath(file.Path), Content: []byte(file.Text)}
		if file.Readable {
			sent.Mode = readable
		}
		files = append(files, sent)
	}
	return files, nil
}

// hostPath is the path on the server of a file that the container mounts.
func (r resolved) hostPath(inside string) string { return path.Join(r.control, filesFolder, inside) }

// containerFiles are the files that the container mounts: its health script, the
// engine's files, its configuration, its certificate and its scripts.
func (r resolved) containerFiles() []engine.File {
	var files []engine.File
	if !r.db.Health.Disabled {
		files = append(files, engine.File{Path: engine.HealthFile, Text: r.engine.HealthFor(r.db.DataFolder)})
	}
	for _, file := range r.engine.Files {
		file.Text = engine.Fill(file.Text, r.values)
		files = append(files, file)
	}
	if r.configured() {
		files = append(files,
			engine.File{Path: r.engine.ConfigurationFile.Path, Text: r.configuration(), Readable: true})
	}
	if r.db.TLS != "" {
		files = append(files, r.tlsFiles()...)
	}
	files = append(files, r.engine.MarkerScripts(r.db.DataFolder)...)
	for i, script := range r.db.InitScripts {
		// The number keeps the scripts in order in every locale.
		name := fmt.Sprintf("%03d-%s", i+1, script.Name)
		files = append(files,
			engine.File{Path: path.Join(engine.ScriptsFolder, name), Text: script.Text, Readable: true})
	}
	return files
}

func (r resolved) tlsFiles() []engine.File {
	key := r.key
	if r.engine.TLS.Bundle {
		key += r.db.Certificate
	}
	return []engine.File{
		{Path: engine.CertificateFile, Text: r.db.Certificate, Readable: true},
		{Path: engine.KeyFile, Text: key, Readable: r.engine.TLS.Owner == ""},
	}
}

// configured reports whether there is a configuration file.
func (r resolved) configured() bool {
	return r.engine.ConfigurationFile.Always || r.db.Configuration != ""
}

// configuration is the text of the configuration file. The user's part of it is not
// changed.
func (r resolved) configuration() string {
	file := r.engine.ConfigurationFile
	text := engine.Fill(file.Before, r.values) + ended(r.db.Configuration) + engine.Fill(file.After, r.values)
	if r.db.TLS != "" {
		text += r.engine.TLS.Configuration
	}
	return text
}

// ended adds a line feed to the last line of a text if it has none.
func ended(text string) string {
	if text == "" || text[len(text)-1] == '\n' {
		return text
	}
	return text + "\n"
}
