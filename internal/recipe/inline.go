package recipe

import (
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/remote"
)

// The folder in the control folder with the Dockerfile of an application that has no
// other file. It is the whole context of the build, so that no build can copy the
// variables and keys that are in the control folder, too.
const (
	inlineFolder = "image"
	inlineFile   = "Dockerfile"
)

// dockerfileLabel is the label of a built image with the digest of its Dockerfile.
const dockerfileLabel = "waybill.dockerfile"

// inlineDockerfile plans an application of one container whose image is built on the
// server from a Dockerfile alone.
func inlineDockerfile(input Input, app *catalog.Application) (Plan, error) {
	form := app.Inline
	id := string(app.ID)
	built := oneContainer{Container: form.Container, id: id, control: input.control(),
		image: builtImage(app.ID), build: &types.BuildConfig{
			Context:    path.Join(input.control(), inlineFolder),
			Dockerfile: inlineFile,
			Labels:     types.Labels{dockerfileLabel: digest(form.Text)},
		}}
	plan, err := input.planBuilt(built)
	if err != nil || !input.starts() {
		return plan, err
	}
	p := input.projectOf()
	plan.Job.Files = append(plan.Job.Files,
		remote.File{Path: path.Join(inlineFolder, inlineFile), Content: []byte(form.Text)})
	plan.Job.Steps = []remote.Step{input.buildInline(p, built.image, digest(form.Text)),
		input.makeNetworks(sharedNetwork)}
	if input.stops() {
		plan.Job.Steps = append(plan.Job.Steps, p.stop())
	}
	plan.Job.Steps = input.needingDocker(append(plan.Job.Steps, p.up(input.recreates())...))
	plan.Status = checkedStatus(form.Health)
	return plan, nil
}

// planBuilt begins the plan of an application of one container whose image is built. If the
// operation starts nothing, the plan is whole.
func (in Input) planBuilt(built oneContainer) (Plan, error) {
	plan := in.plan()
	if in.Operation == deployment.Delete {
		plan.Job.Steps = in.remove()
		return plan, nil
	}
	variables, err := in.environment()
	if err != nil {
		return Plan{}, err
	}
	if plan.Job.Files, err = built.files(variables); err != nil {
		return Plan{}, err
	}
	if !in.starts() {
		plan.Job.Steps = in.needingDocker([]remote.Step{in.projectOf().down()})
	}
	return plan, nil
}

// buildInline is the step that builds the image. A restart does not ask for a new version,
// so it uses the last build of the same Dockerfile again.
func (in Input) buildInline(p project, image, dockerfile string) remote.Step {
	arguments, again := strings.Join(buildOptions(in.Options), " "), ""
	if in.reusesBuild() {
		again = "yes"
	}
	return p.step(buildStep, strings.TrimSpace("docker compose build "+arguments),
		"again="+quote(again)+" image="+quote(image),
		"label="+quote(dockerfileLabel)+" dockerfile="+quote(dockerfile),
		"set -- "+arguments, run(p.scripts, "inline.sh"), p.forgetBuilt())
}

// reusesBuild reports whether the operation uses the last build again, if it is still
// there. A restart does not ask for a new version.
func (in Input) reusesBuild() bool {
	return in.Operation == deployment.Restart && !in.Options.Force && !in.Options.PullLatestImages
}
