package recipe

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

//go:embed *.sh
var scripts embed.FS

const (
	// sharedNetwork is the network of all that Waybill writes the compose file
	// for, so that one resource reaches another by its uuid.
	sharedNetwork = "waybill"
	// containerEnvironment is the name of the file with the variables of the one
	// container that Waybill writes the compose file for. It is not .env, in
	// which compose would look for settings of its own.
	containerEnvironment = "container.env"
	// engineScript is how steps speak to docker. It follows what docker's texts mean.
	engineScript = "engine.sh"
	// stableSeconds is how long a container without a health check must run to
	// be taken for well.
	stableSeconds = 10
	// reportLines is how many of its last lines a container that is not well
	// leaves in the log.
	reportLines = 50
)

// project is a docker compose project, as the steps of a job speak to it.
type project struct {
	// name is compose's, which is the resource's uuid.
	name string
	// directory is the folder that relative paths in the file start from.
	directory string
	// variables are lines of sh that add the files with variables to the arguments
	// of compose, by `set --`.
	variables string
	// scripts is the folder of the scripts that the steps read.
	scripts string
	// file is the path of the compose file.
	file string
	// resolved is the path of the copy of file that has values instead of variables;
	// "" for a file that Waybill wrote, which has no variables.
	resolved string
	// folder is the resource's own.
	folder string
	// watch is sh that readies the health step, "" for none.
	watch string
	// health bounds how long a start may wait for its containers.
	health time.Duration
}

// projectOf is a project for which Waybill has written the compose file. It
// has no variables, so nothing may be read in the place of .env either.
func (in Input) projectOf() project { return in.project("/dev/null") }

// project is the project whose compose file Waybill sends. Compose reads the
// variables from a file, absolute or in the control folder.
func (in Input) project(variables string) project {
	if !path.IsAbs(variables) {
		variables = path.Join(in.control(), variables)
	}
	return project{
		name:      string(in.Resource.Common().ID),
		directory: in.folder(),
		variables: fmt.Sprintf("\tset -- --env-file %s \"$@\"\n", quote(variables)),
		file:      path.Join(in.control(), composeFile),
		folder:    in.folder(),
		scripts:   in.spool(),
		health:    in.Resource.Shared().HealthTimeout,
	}
}

// ofTeam is the project with the team's own compose file.
func (p project) ofTeam(in Input) project {
	p.resolved = path.Join(in.control(), resolvedFile)
	return p
}

// checked is the project as it ran last. The team's own file may lie where containers
// write, and is read for a start only, which checks it.
func (p project) checked() project {
	p.file, p.resolved = p.resolved, ""
	return p
}

// script is sh that can call compose for the project; client.sh is read.
func (p project) script(lines ...string) string {
	functions := p.function("compose", "", dockerClient, p.file)
	if p.resolved != "" {
		resolve := fmt.Sprintf("\tresolve %s %s || return\n", quote(p.resolved), quote(p.folder))
		functions = p.function("original", "", "bare", p.file) + p.function("compose", resolve, dockerClient, p.resolved)
	}
	return functions + strings.Join(lines, "\n")
}

// dockerClient is sh that runs docker's client, for at most as long as it may take.
const dockerClient = "alone ${limit:+timeout $limit} docker"

// function is a function of sh that runs compose with a file; first is its first line.
func (p project) function(name, first, client, file string) string {
	call := fmt.Sprintf("\t%s compose --ansi never --project-name %s --project-directory %s --file %s \"$@\"\n",
		client, p.name, quote(p.directory), quote(file))
	return name + "() {\n" + first + p.variables + call + "}\n"
}

// step is a step that speaks to docker in the words of engine.sh. The log shows
// command, which is what a person would type.
func (p project) step(name, command string, lines ...string) remote.Step {
	head := fmt.Sprintf("%s\nforget client_needs\nspool=%s absent=%d unwell=%d\n%s\n%s\n",
		run(p.scripts, "forget.sh"), quote(p.scripts), DockerExit, UnhealthyExit,
		run(p.scripts, "client.sh"), run(p.scripts, engineScript))
	return remote.Step{Name: name, Command: command, Script: head + p.script(lines...)}
}

// label is what compose notes on all that is of the project.
func (p project) label() string { return "label=com.docker.compose.project=" + p.name }

// forgetBuilt is sh that removes the images which a later build took the name
// from, but for what still runs: each build would leave one more on the server.
func (p project) forgetBuilt() string {
	return fmt.Sprintf("docker image prune --force --filter %s >/dev/null 2>&1 || :", p.label())
}

// stop stops the containers with their own grace periods, and leaves them:
// those of profiles that are not enabled any more, too.
func (p project) stop() remote.Step {
	return p.step(stopStep, "docker compose stop", "tell compose --profile '*' stop")
}

// down stops and removes the containers. A file that compose does not read, or
// that is not there, must not keep a resource from being stopped: what compose
// noted on the containers is enough, but for what it runs before a stop.
func (p project) down() remote.Step {
	return p.step(stopStep, "docker compose down --remove-orphans",
		fmt.Sprintf("if [ -f %s ] && compose --profile '*' config --quiet 2>/dev/null; then", quote(p.file)),
		"\ttell compose --profile '*' down --remove-orphans",
		"else",
		"\tcd /",
		fmt.Sprintf("\ttell alone docker compose --ansi never --project-name %s down --remove-orphans", p.name),
		"fi")
}

// up starts the containers and waits until they are well. Everything is created
// before anything is started: what is left then is the start itself, for which
// there is a limit.
func (p project) up(recreate bool) []remote.Step {
	options := " --remove-orphans"
	if recreate {
		options += " --force-recreate"
	}
	seconds := int(p.health.Seconds())
	return []remote.Step{
		p.step(StartStep, "docker compose up --detach"+options,
			"project="+p.name, run(p.scripts, "names.sh"),
			"tell compose up --no-start"+options,
			fmt.Sprintf("limit=%d", seconds),
			run(p.scripts, "containers.sh"), run(p.scripts, "start.sh")),
		p.step(HealthStep, fmt.Sprintf("docker compose ps # until all containers are well, for at most %d s", seconds),
			p.watch+fmt.Sprintf("timeout=%d stable=%d last=%d", seconds, min(stableSeconds, seconds), reportLines),
			run(p.scripts, "containers.sh"), run(p.scripts, "health.sh")),
		p.report(),
	}
}

// report says why containers are not well, so that the log ends with it.
func (p project) report() remote.Step {
	step := p.step(reportStep, fmt.Sprintf("docker compose logs --tail %d", reportLines), fmt.Sprintf("last=%d", reportLines),
		run(p.scripts, "containers.sh"), run(p.scripts, "report.sh"))
	step.OnFailure = true
	return step
}

// remove takes the project off the server, with the images that it has built and
// nobody else uses, with its volumes if the data is to go, its control folder, and what
// git brought into its folder; with the volumes, all that is in the folder. It needs
// no file and no secret for that.
func (in Input) remove() []remote.Step {
	p := in.projectOf()
	options := " down --remove-orphans"
	if in.Options.DeleteVolumes {
		options += " --volumes"
	}
	lines := []string{
		"cd /",
		fmt.Sprintf("tell alone docker compose --ansi never --project-name %s%s", p.name, options),
		fmt.Sprintf("docker image rm $(docker image ls --quiet --filter %s) >/dev/null 2>&1 || :", p.label()),
	}
	if !in.Options.DeleteVolumes {
		lines = append(lines, fmt.Sprintf("kept=$(docker volume ls --quiet --filter %s | tr '\\n' ' ')", p.label()),
			`[ -z "$kept" ] || echo "Kept the volumes ${kept% }. To remove them: docker volume rm ${kept% }"`)
	}
	return in.needingDocker([]remote.Step{
		p.step(stopStep, "docker compose"+options, lines...),
		in.removeFiles(),
	})
}

// removeFiles is the last step of every deletion.
func (in Input) removeFiles() remote.Step {
	everything := ""
	if in.Options.DeleteVolumes {
		everything = "yes"
	}
	return remote.Step{Name: removeStep, Command: "rm -r " + quote(in.control()),
		Script: fmt.Sprintf("control=%s folder=%s everything=%s\n%s\n%s", quote(in.control()), quote(in.folder()), everything,
			run(in.spool(), "enter.sh"), run(in.spool(), "remove.sh"))}
}

// checkPolicy refuses on the server what it forbids, and in every mode that a
// container mounts what Waybill trusts. The copy of the file that it has looked at is
// the one that runs.
func (in Input) checkPolicy(p project) remote.Step {
	forbids := ""
	if in.ForbidHostAccess {
		forbids = "yes"
	}
	runs := p.resolved
	p.resolved = path.Join(in.control(), uncheckedFile)
	return p.step(policyStep, "docker compose config # checked against the server's policy",
		fmt.Sprintf("folder=%s data=%s forbids=%s", quote(in.folder()), quote(in.DataDir), forbids),
		"variables="+quote(path.Join(in.control(), environmentFile)), run(p.scripts, "policy.sh"),
		fmt.Sprintf("mv -f %s %s", quote(p.resolved), quote(runs)))
}

// makeNetworks makes the networks that are missing.
func (in Input) makeNetworks(names ...string) remote.Step {
	return in.projectOf().step(networkStep, "docker network create --attachable "+words(names),
		"set -- "+words(names), run(in.spool(), "networks.sh"))
}

// needingDocker has the first of the steps, which speaks to docker, say in words
// what is missing on a server without docker.
func (in Input) needingDocker(steps []remote.Step) []remote.Step {
	engine := run(in.spool(), engineScript) + "\n"
	head, rest, _ := strings.Cut(steps[0].Script, engine)
	steps[0].Script = head + engine + run(in.spool(), "docker.sh") + "\n" + rest
	return steps
}

// composeDocument writes a project that Waybill has made. Nothing of it is to
// be interpolated, so every dollar sign is doubled.
func composeDocument(document *types.Project) (remote.File, error) {
	text, err := document.MarshalYAML()
	if err != nil {
		return remote.File{}, fault.Wrap(err, fault.Internal, "write the compose file of %s", document.Name)
	}
	return remote.File{Path: composeFile, Content: []byte(strings.ReplaceAll(string(text), "$", "$$"))}, nil
}

// quote makes one word of sh of any text without NUL.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// words makes words of sh.
func words(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return strings.Join(quoted, " ")
}

// run is sh that runs one of the scripts in a folder. They are files, so that
// the log shows what a step does and not how.
func run(folder, script string) string { return ". " + quote(path.Join(folder, script)) }

// text is the text of a script, for those that run elsewhere than in a step.
func text(script string) string {
	content, err := scripts.ReadFile(script)
	if err != nil { // embedded, and the tests look at each
		return ""
	}
	return string(content)
}

// withScripts adds to the job the scripts that its steps run. They lie in the
// spool and go with it.
func withScripts(job remote.Job) (remote.Job, error) {
	entries, err := scripts.ReadDir(".")
	if err != nil {
		return job, fault.Wrap(err, fault.Internal, "list the scripts")
	}
	for _, entry := range entries {
		named := quote(path.Join(job.Spool, entry.Name()))
		if !slices.ContainsFunc(job.Steps, func(step remote.Step) bool { return strings.Contains(step.Script, named) }) {
			continue
		}
		text, err := scripts.ReadFile(entry.Name())
		if err != nil {
			return job, fault.Wrap(err, fault.Internal, "read the script %s", entry.Name())
		}
		if entry.Name() == engineScript {
			text = append([]byte(remote.DockerText()), text...)
		}
		job.Files = append(job.Files, remote.File{Path: path.Join(job.Spool, entry.Name()), Content: withPolicy(text)})
	}
	return job, nil
}
