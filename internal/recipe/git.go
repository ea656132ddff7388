package recipe

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// The files of an application that is built from a repository; fetch.sh describes them.
// All of them lie in the control folder, except for the source of a compose file, which
// its containers may mount.
const (
	sourceFolder     = "source"
	repositoryFolder = "repository"
	deployKeyFile    = "deploy.key"
	gitHostFile      = "git-host"
	// repositoryEnvironment is git's copy of the .env in the repository.
	repositoryEnvironment = "repository.env"
	gitUserFile           = "git-user"
	gitPasswordFile       = "git-password"
	askpassFile           = "askpass.sh"
	knownHostsFile        = "known_hosts"
)

// openerFiles are the files that give git access to the repository. The fetch step
// removes them, however it ends.
var openerFiles = []string{deployKeyFile, gitHostFile, gitUserFile, gitPasswordFile, askpassFile}

// dockerfile plans an application of one container whose image is built on the server.
func dockerfile(input Input, app *catalog.Application) (Plan, error) {
	form := app.Dockerfile
	id := string(app.ID)
	built := oneContainer{Container: form.Container, id: id, control: input.control(),
		image: builtImage(app.ID), build: &types.BuildConfig{
			Context:    path.Join(input.control(), sourceFolder, inTree(form.Directory)),
			Dockerfile: form.Path,
		}}
	plan, err := input.planBuilt(built)
	if err != nil || !input.starts() {
		return plan, err
	}
	p := input.projectOf()
	openers, err := input.openers(&form.Source)
	if err != nil {
		return Plan{}, err
	}
	plan.Job.Files = append(plan.Job.Files, openers...)
	plan.Job.Steps = []remote.Step{
		input.fetch(&form.Source, form.Path, built.image),
		p.buildFetched(input.Options),
		input.makeNetworks(sharedNetwork),
	}
	if input.stops() {
		plan.Job.Steps = append(plan.Job.Steps, p.stop())
	}
	plan.Job.Steps = append(plan.Job.Steps, p.up(input.recreates())...)
	plan.Status = checkedStatus(form.Health)
	return plan, nil
}

// builtImage is the image that is built from an application's Dockerfile.
func builtImage(id catalog.ID) string { return "waybill/" + string(id) + ":latest" }

// composeSource plans an application that runs a compose file of a repository.
func composeSource(input Input, app *catalog.Application) (Plan, error) {
	form := app.Compose
	plan, p := input.plan(), input.projectIn(form)
	if input.Operation == deployment.Delete {
		plan.Job.Steps = input.remove()
		return plan, nil
	}
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	plan.Job.Files = []remote.File{{Path: environmentFile, Content: dotenvFile(variables)}}
	if !input.starts() {
		plan.Job.Steps = input.needingDocker([]remote.Step{p.checked().down()})
		return plan, nil
	}
	openers, err := input.openers(&form.Source)
	if err != nil {
		return Plan{}, err
	}
	plan.Job.Files = append(plan.Job.Files, openers...)
	plan.Job.Steps = input.composeSourceSteps(form, p)
	plan.Status = statusUnknown
	return plan, nil
}

func (in Input) composeSourceSteps(form *catalog.ComposeSource, p project) []remote.Step {
	steps := []remote.Step{
		in.fetch(&form.Source, form.Path, ""),
		in.checkPolicy(p),
		in.makeExternalNetworks(p),
		in.pull(p),
		p.buildFetched(in.Options),
	}
	if in.stops() {
		steps = append(steps, p.stop())
	}
	return append(steps, p.up(in.recreates())...)
}

// projectIn is the project whose compose file lies in the source. The variables of the
// repository's own .env come first, and the resource's variables override them. Compose
// reads git's copy of that .env, because containers may change the one in the tree.
func (in Input) projectIn(form *catalog.ComposeSource) project {
	p := in.project(environmentFile).ofTeam(in)
	p.directory = path.Join(in.folder(), sourceFolder, inTree(form.Directory))
	p.file = path.Join(p.directory, form.Path)
	own := quote(path.Join(in.control(), repositoryEnvironment))
	p.variables += fmt.Sprintf("\t[ ! -f %s ] || set -- --env-file %s \"$@\"\n", own, own)
	return p
}

// fetch is the step that brings the source to the server. A restart does not ask for a
// new version, so it uses the last build again if that is still there.
func (in Input) fetch(source *catalog.Source, file, image string) remote.Step {
	commit, clean, again := in.Options.Commit, "", ""
	if commit == "" {
		commit = source.Commit
	}
	above, way := path.Dir(in.folder()), path.Join(path.Base(in.folder()), sourceFolder)
	if image != "" { // no container can mount an image's source, so it has only the repository's files
		clean, above, way = "yes", in.control(), sourceFolder
	}
	if in.reusesBuild() && in.Options.Commit == "" {
		again = "yes"
	}
	command := strings.TrimSpace(
		"git fetch " + quote(source.Repository) + " " + cmp.Or(commit, source.Branch))
	return in.projectOf().step(fetchStep, command,
		fmt.Sprintf("trap 'rm -f %s' EXIT\ntrap 'exit 143' TERM INT HUP", strings.Join(openerFiles, " ")),
		run(in.spool(), "docker.sh"),
		fmt.Sprintf("repository=%s\nbranch=%s commit=%s\ndirectory=%s file=%s", quote(source.Repository),
			quote(source.Branch), quote(commit), quote(inTree(source.Directory)), quote(file)),
		fmt.Sprintf("clean=%s again=%s image=%s scratch=%s\nabove=%s way=%s",
			quote(clean), quote(again), quote(image), quote(in.spool()),
			quote(above), quote(way)),
		"smudge="+quote(path.Join(in.spool(), "smudge.sh")),
		run(in.spool(), "enter.sh"), run(in.spool(), "modules.sh"), run(in.spool(), "lfs.sh"),
		run(in.spool(), "tree.sh"), run(in.spool(), "fetch.sh"))
}

// openers returns the files that give git access to the repository.
func (in Input) openers(source *catalog.Source) ([]remote.File, error) {
	if err := errors.Join(plain(in.Options.Commit), in.checkRepository(source)); err != nil {
		return nil, err
	}
	var files []remote.File
	if source.KeyID != "" {
		if in.DeployKey == "" {
			return nil, fault.New(fault.Invalid, "The deploy key of the repository is gone. Set it again.")
		}
		files = append(files,
			remote.File{Path: deployKeyFile,
				Content: []byte(strings.TrimRight(in.DeployKey, "\n") + "\n")})
	}
	if password, found := in.Secrets[catalog.GitPasswordSecret]; found {
		files = append(files,
			remote.File{Path: gitHostFile, Content: []byte(origin(source.Repository))},
			remote.File{Path: gitUserFile, Content: []byte(source.UserName)},
			remote.File{Path: gitPasswordFile, Content: []byte(password)},
			remote.File{Path: askpassFile, Content: []byte(text("askpass.sh")), Mode: 0o700})
	}
	if source.HostKeys != "" {
		files = append(files,
			remote.File{Path: knownHostsFile,
				Content: []byte(strings.TrimRight(source.HostKeys, "\n") + "\n")})
	}
	return files, nil
}

// origin is the scheme and the host of a URL, in the form that git uses when it asks
// for a password.
func origin(repository string) string {
	scheme, rest, _ := strings.Cut(repository, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// checkRepository refuses a repository that lies on the server itself, if the server
// forbids host access and a container could not mount that place either.
func (in Input) checkRepository(source *catalog.Source) error {
	place := strings.TrimPrefix(source.Repository, "file://")
	if !in.ForbidHostAccess || !path.IsAbs(place) || mayMount(path.Clean(place), in.folder(), in.DataDir) {
		return nil
	}
	return fault.New(fault.Invalid, "Validation failed.").
		WithField("git_repository", "is in "+place+", to which this server forbids access")
}

// commitHash matches the hash of a commit, or the beginning of one.
var commitHash = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// plain refuses a commit that is not a hash, since git may take other texts for more
// than one commit.
func plain(commit string) error {
	if commit == "" || commitHash.MatchString(commit) {
		return nil
	}
	return fault.New(fault.Invalid, "%q is no hash of a commit: give 7 to 64 hexadecimal digits.", commit)
}

// buildFetched builds the fetched source. It asks for newer base images only if images
// are to be pulled, because a base image may exist only on this server. No variable of
// the environment is passed to a build.
func (p project) buildFetched(options deployment.Options) remote.Step {
	arguments := strings.Join(buildOptions(options), " ")
	return p.step(buildStep, strings.TrimSpace("docker compose build "+arguments),
		"set -- "+arguments, run(p.scripts, "build.sh"), p.forgetBuilt())
}

// makeExternalNetworks makes the external networks of a compose file that only the
// server has.
func (in Input) makeExternalNetworks(p project) remote.Step {
	return p.step(networkStep,
		"docker network create --attachable # those that the file names and that are missing",
		run(p.scripts, "externals.sh"), run(p.scripts, "networks.sh"))
}

// inTree is a folder of a repository as a relative path.
func inTree(directory string) string { return path.Join(".", strings.TrimLeft(directory, "/")) }
