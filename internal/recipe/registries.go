package recipe

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// The logins of image registries lie in the spool, in a file of their own. Each step that
// may pull makes docker's client use them, in a folder of settings that it removes at its
// end, and the last of these steps removes the file. If the job is killed, both are removed
// with the spool.

// loginsFile is the file with the logins: members of the JSON object in docker's settings.
const loginsFile = "registries"

// loginsScript makes docker's client use the logins.
const loginsScript = "registries.sh"

// hubKey is the name that docker's settings have for Docker Hub.
const hubKey = "https://index.docker.io/v1/"

// loginSteps are the steps that may pull images, in their order. A build pulls what its
// image is based on. A start pulls the images that a compose file wants pulled each time.
func loginSteps() []string { return []string{pullStep, buildStep, StartStep} }

// withLogins makes the steps of the job that may pull images use the logins.
func (in Input) withLogins(job remote.Job) (remote.Job, error) {
	engine := run(job.Spool, engineScript) + "\n"
	last := -1
	for i, step := range job.Steps {
		if slices.Contains(loginSteps(), step.Name) && strings.Contains(step.Script, engine) {
			last = i
		}
	}
	if len(in.Registries) == 0 || last < 0 {
		return job, nil
	}
	job.Steps = slices.Clone(job.Steps)
	for i := range job.Steps[:last+1] {
		step := &job.Steps[i]
		head, rest, calls := strings.Cut(step.Script, engine)
		if !calls || !slices.Contains(loginSteps(), step.Name) {
			continue
		}
		last := map[bool]string{true: "last=yes\n", false: "last=''\n"}[i == last]
		step.Script = head + engine + last + run(job.Spool, loginsScript) + "\n" + rest
	}
	content, err := logins(in.Registries)
	job.Files = append(slices.Clone(job.Files),
		remote.File{Path: path.Join(job.Spool, loginsFile), Content: content})
	return job, err
}

// logins returns the members that docker's settings get. An empty helper keeps docker from
// asking the user's own store of passwords for the registry.
func logins(registries []catalog.RegistryLogin) ([]byte, error) {
	type auth struct {
		Auth string `json:"auth"`
	}
	auths, helpers := map[string]auth{}, map[string]string{}
	for _, login := range registries {
		key := login.Host
		if key == catalog.DockerHub {
			key = hubKey
		}
		auths[key], helpers[key] = auth{login.Token()}, ""
	}
	text, err := json.Marshal(struct {
		Auths   map[string]auth   `json:"auths"`
		Helpers map[string]string `json:"credHelpers"`
	}{auths, helpers})
	if err != nil { // the encoder's error may quote a value
		return nil, fault.New(fault.Internal, "the logins of registries do not encode as JSON")
	}
	return text[1 : len(text)-1], nil
}
