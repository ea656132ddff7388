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

// filesFolder is the folder, in the control folder, of the files that the database's
// container sees: each under the path that it has there. Only the server's user can
// enter the control folder, so that what the engine's user must read can have mode
// 0644 in it.
const filesFolder = "files"

// initialisedFile is there once the database was well for the first time.
const initialisedFile = "initialised"

// watchDatabase is sh that says how often the container may end while the health
// step waits. An end before the database was ever well is an initialisation that
// failed: the container that is started again may have half of the data.
const watchDatabase = "exits=3\n[ -e " + initialisedFile + " ] || exits=1\n" +
	"trap '[ $? -ne 0 ] || : >" + initialisedFile + "' EXIT\n"

// readable is the mode of what the engine's own user reads.
const readable = 0o644

// tlsStep is the step after which the engine takes its key.
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

// databaseSteps orders the steps: the image is there, and the key as the engine
// wants it, before what runs is stopped. The container is always made anew,
// since compose does not see that a file's content changed. A newer image is only
// pulled for who asks for one, not by a deploy either: it may not read old data.
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

// handOver gives the key to the engine's user. Only the image knows who that is, so a
// container of it does so.
func (r resolved) handOver(p project) remote.Step {
	command := fmt.Sprintf("docker run --rm --network none --user root --entrypoint chown "+
		"--volume %[1]s:%[2]s %[3]s %[4]s %[2]s",
		quote(r.hostPath(engine.KeyFile)), engine.KeyFile, quote(r.db.Image), r.engine.TLS.Owner)
	return p.step(tlsStep, command, "tell "+command)
}

// resolved is a database with everything that its container depends on.
type resolved struct {
	db *catalog.Database
	// control is as Places has it.
	control string
	engine  engine.Engine
	// values are all settings by their wire names.
	values map[string]string
	// variables are the user's own.
	variables []catalog.Variable
	// key is the TLS key.
	key string
	// files are what the container sees, with the texts that they have there.
	files []engine.File
}

// resolve looks everything up. Invalid, naming the field, if the vault has lost
// a secret.
func resolve(input Input, db *catalog.Database, known engine.Engine) (resolved, error) {
	whole := resolved{db: db, control: input.control(), engine: known, values: map[string]string{}, key: input.Secrets[catalog.TLSKeySecret]}
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

// jobFiles are the files as they are sent.
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

// hostPath is where a file of the container lies on the server.
func (r resolved) hostPath(inside string) string { return path.Join(r.control, filesFolder, inside) }

// containerFiles are what the container sees: its health script, what its
// engine wants, its configuration, its certificate and its scripts.
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
		files = append(files, engine.File{Path: r.engine.ConfigurationFile.Path, Text: r.configuration(), Readable: true})
	}
	if r.db.TLS != "" {
		files = append(files, r.tlsFiles()...)
	}
	files = append(files, r.engine.MarkerScripts(r.db.DataFolder)...)
	for i, script := range r.db.InitScripts {
		// The number keeps their order whatever the locale of the container is.
		name := fmt.Sprintf("%03d-%s", i+1, script.Name)
		files = append(files, engine.File{Path: path.Join(engine.ScriptsFolder, name), Text: script.Text, Readable: true})
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

// configuration is its text. What is the user's is taken as it is.
func (r resolved) configuration() string {
	file := r.engine.ConfigurationFile
	text := engine.Fill(file.Before, r.values) + ended(r.db.Configuration) + engine.Fill(file.After, r.values)
	if r.db.TLS != "" {
		text += r.engine.TLS.Configuration
	}
	return text
}

// ended ends the last line of a text.
func ended(text string) string {
	if text == "" || text[len(text)-1] == '\n' {
		return text
	}
	return text + "\n"
}
