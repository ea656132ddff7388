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

//go:embed sh/*.sh
var scripts embed.FS

const (
	// sharedNetwork is the network of all resources for which Waybill writes the
	// compose file. In it, one resource reaches another by its uuid.
	sharedNetwork = "waybill"
	// containerEnvironment is the name of the file with the variables of the one
	// container for which Waybill writes the compose file. The file is not called .env,
	// because compose would read its own settings from it.
	containerEnvironment = "container.env"
	// engineScript has the functions through which steps call docker. They need
	// remote.DockerText before them, which explains docker's messages.
	engineScript = "engine.sh"
	// stableSeconds is how long a container without a health check must run before it
	// counts as healthy.
	stableSeconds = 10
	// reportLines is how many of the last lines of an unhealthy container go into the
	// log.
	reportLines = 50
)

// project is a docker compose project, with all that the steps of a job need to call
// compose for it.
type project struct {
	// name is compose's name for the project: the resource's uuid.
	name string
	// directory is the folder that relative paths in the file start from.
	directory string
	// variables is sh that adds the files with variables to the arguments of compose,
	// by `set --`.
	variables string
	// scripts is the folder of the scripts that the steps read.
	scripts string
	// file is the path of the compose file.
	file string
	// resolved is the path of the copy of file that has values instead of variables. It
	// is "" for a file that Waybill wrote, which has no variables.
	resolved string
	// folder is the resource's own folder.
	folder string
	// watch is sh at the beginning of the health step, or "".
	watch string
	// health limits how long a start may wait for its containers.
	health time.Duration
}

// projectOf is a project for which Waybill has written the compose file. The file has
// no variables, and /dev/null keeps compose from reading a .env.
func (in Input) projectOf() project { return in.project("/dev/null") }

// project is the project whose compose file Waybill sends. Compose reads the variables
// from the given file, whose path is absolute or relative to the control folder.
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

// checked is the project as it ran last. A team's own file may lie where containers can
// write. So only a start reads that file, and it checks it.
func (p project) checked() project {
	p.file, p.resolved = p.resolved, ""
	return p
}

// script is sh that can call compose for the project. It needs client.sh before it, and
// resolve.sh if the file has variables.
func (p project) script(lines ...string) string {
	functions := p.function("compose", "", dockerClient, p.file)
	if p.resolved != "" {
		resolve := fmt.Sprintf("\tresolve %s %s || return\n", quote(p.resolved), quote(p.folder))
		functions = p.function("original", "", "without_environment", p.file) +
			p.function("compose", resolve, dockerClient, p.resolved)
	}
	return functions + strings.Join(lines, "\n")
}

// dockerClient is sh that runs docker's client, with a time limit if one is set.
const dockerClient = "with_settings ${limit:+timeout $limit} docker"

// function is an sh function that runs compose with a file. first is the first line of
// the function.
func (p project) function(name, first, client, file string) string {
	call := fmt.Sprintf(
		"\t%s compose --ansi never --project-name %s --project-directory %s --file %s \"$@\"\n",
		client, p.name, quote(p.directory), quote(file))
	return name + "() {\n" + first + p.variables + call + "}\n"
}

// step is a step that calls docker through the functions of engine.sh. The log shows
// command, which is the command that a person would type.
func (p project) step(name, command string, lines ...string) remote.Step {
	head := fmt.Sprintf("%s\nforget client_needs\nspool=%s docker_exit=%d unhealthy_exit=%d\n%s\n%s\n",
		run(p.scripts, "forget.sh"), quote(p.scripts), DockerExit, UnhealthyExit,
		run(p.scripts, "client.sh"), run(p.scripts, engineScript))
	if p.resolved != "" {
		head += run(p.scripts, "resolve.sh") + "\n"
	}
	return remote.Step{Name: name, Command: command, Script: head + p.script(lines...)}
}

// label is the label that compose puts on everything that belongs to the project.
func (p project) label() string { return "label=com.docker.compose.project=" + p.name }

// forgetBuilt is sh that removes the images whose name a later build has taken, except
// those in use. Otherwise each build would leave one more image on the server.
func (p project) forgetBuilt() string {
	return fmt.Sprintf("docker image prune --force --filter %s >/dev/null 2>&1 || :", p.label())
}

// stop stops the containers, each with its own grace period, and does not remove them.
// It includes containers of profiles that are no longer enabled.
func (p project) stop() remote.Step {
	return p.step(stopStep, "docker compose stop", "tell compose --profile '*' stop")
}

// down stops and removes the containers. A resource must be stoppable even if its file
// is missing or compose cannot read it. Compose then finds the containers by their
// labels; only the commands that the file has for before a stop are not run.
func (p project) down() remote.Step {
	return p.step(stopStep, "docker compose down --remove-orphans",
		fmt.Sprintf("if [ -f %s ] && compose --profile '*' config --quiet 2>/dev/null; then", quote(p.file)),
		"\ttell compose --profile '*' down --remove-orphans",
		"else",
		"\tcd /",
		"\ttell with_settings docker compose --ansi never --project-name "+p.name+" down --remove-orphans",
		"fi")
}

// up starts the containers and waits until they are healthy. It creates everything
// before it starts anything, so that the time limit applies to the start alone.
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
		p.step(HealthStep,
			fmt.Sprintf("docker compose ps # until all containers are well, for at most %d s", seconds),
			p.watch+fmt.Sprintf("health_timeout=%d stable=%d report_lines=%d",
				seconds, min(stableSeconds, seconds), reportLines),
			run(p.scripts, "containers.sh"), run(p.scripts, "health.sh")),
		p.report(),
	}
}

// report explains, at the end of the log, why containers are not healthy.
func (p project) report() remote.Step {
	step := p.step(ReportStep,
		fmt.Sprintf("docker compose logs --tail %d", reportLines),
		fmt.Sprintf("report_lines=%d", reportLines),
		run(p.scripts, "containers.sh"), run(p.scripts, "report.sh"))
	step.OnFailure = true
	return step
}

// remove removes the project from the server: its containers, the images that were
// built for it and that nothing else uses, its control folder, and the files that git
// brought into its folder. With DeleteVolumes, it also removes the volumes and
// everything else in the folder. It needs neither a file nor a secret.
func (in Input) remove() []remote.Step {
	p := in.projectOf()
	options := " down --remove-orphans"
	if in.Options.DeleteVolumes {
		options += " --volumes"
	}
	lines := []string{
		"cd /",
		fmt.Sprintf("tell with_settings docker compose --ansi never --project-name %s%s", p.name, options),
		fmt.Sprintf("docker image rm $(docker image ls --quiet --filter %s) >/dev/null 2>&1 || :", p.label()),
	}
	if !in.Options.DeleteVolumes {
		lines = append(lines,
			fmt.Sprintf("kept=$(docker volume ls --quiet --filter %s | tr '\\n' ' ')", p.label()),
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
		Script: fmt.Sprintf("control=%s folder=%s everything=%s\n%s\n%s",
			quote(in.control()), quote(in.folder()), quote(everything),
			run(in.spool(), "enter.sh"), run(in.spool(), "remove.sh"))}
}

// checkPolicy is the step that checks the compose file on the server. It refuses what
// the server forbids, and on every server a mount of a folder that Waybill trusts. The
// job then runs the copy of the file that was checked.
func (in Input) checkPolicy(p project) remote.Step {
	forbids := ""
	if in.ForbidHostAccess {
		forbids = "yes"
	}
	runs := p.resolved
	p.resolved = path.Join(in.control(), uncheckedFile)
	return p.step(policyStep, "docker compose config # checked against the server's policy",
		fmt.Sprintf("folder=%s data=%s forbids=%s", quote(in.folder()), quote(in.DataDir), quote(forbids)),
		"variables="+quote(path.Join(in.control(), environmentFile)), run(p.scripts, "policy.sh"),
		fmt.Sprintf("mv -f %s %s", quote(p.resolved), quote(runs)))
}

// makeFiles makes the files that are missing in the resource's folder.
func (in Input) makeFiles(files []string) remote.Step {
	return remote.Step{Name: filesStep, Command: "touch " + words(files),
		Script: fmt.Sprintf("control=%s folder=%s\nset -- %s\n%s\n%s",
			quote(in.control()), quote(in.folder()), words(files),
			run(in.spool(), "enter.sh"), run(in.spool(), "files.sh"))}
}

// makeNetworks makes the networks that are missing.
func (in Input) makeNetworks(names ...string) remote.Step {
	return in.projectOf().step(networkStep, "docker network create --attachable "+words(names),
		"set -- "+words(names), run(in.spool(), "networks.sh"))
}

// needingDocker makes the first of the steps, which calls docker, explain in words why
// docker cannot be used.
func (in Input) needingDocker(steps []remote.Step) []remote.Step {
	engine := run(in.spool(), engineScript) + "\n"
	head, rest, _ := strings.Cut(steps[0].Script, engine)
	steps[0].Script = head + engine + run(in.spool(), "docker.sh") + "\n" + rest
	return steps
}

// composeDocument writes a project that Waybill has made. It doubles every dollar sign,
// because compose must not interpolate anything.
func composeDocument(document *types.Project) (remote.File, error) {
	text, err := document.MarshalYAML()
	if err != nil {
		return remote.File{}, fault.Wrap(err, fault.Internal, "write the compose file of %s", document.Name)
	}
	return remote.File{Path: composeFile, Content: []byte(strings.ReplaceAll(string(text), "$", "$$"))}, nil
}

// quote makes one sh word of any text without NUL.
func quote(text string) string { return remote.Quote(text) }

// words makes sh words of the texts, with spaces between them.
func words(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return strings.Join(quoted, " ")
}

// run is sh that runs one of the scripts in a folder, in the same shell. The scripts
// are files, so that the log shows what a step does and not how.
func run(folder, script string) string { return ". " + quote(path.Join(folder, script)) }

// text is the text of a script that runs elsewhere than in a step.
func text(script string) string {
	content, err := scripts.ReadFile("sh/" + script)
	if err != nil { // cannot happen: the scripts are embedded, and the tests read each
		return ""
	}
	return string(content)
}

// withScripts adds to the job the scripts that its steps run. They lie in the spool and
// are removed with it.
func withScripts(job remote.Job) (remote.Job, error) {
	entries, err := scripts.ReadDir("sh")
	if err != nil {
		return job, fault.Wrap(err, fault.Internal, "list the scripts")
	}
	for _, entry := range entries {
		named := quote(path.Join(job.Spool, entry.Name()))
		if !slices.ContainsFunc(job.Steps, func(step remote.Step) bool {
			return strings.Contains(step.Script, named)
		}) {
			continue
		}
		text, err := scripts.ReadFile("sh/" + entry.Name())
		if err != nil {
			return job, fault.Wrap(err, fault.Internal, "read the script %s", entry.Name())
		}
		if entry.Name() == engineScript {
			text = append([]byte(remote.DockerText()), text...)
		}
		job.Files = append(job.Files,
			remote.File{Path: path.Join(job.Spool, entry.Name()), Content: withPolicy(text)})
	}
	return job, nil
}
