package remote

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the scripts
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

// The scripts for the server. Each lists at its top the variables that must be
// set before it.
var (
	//go:embed sh/session.sh
	sessionText string
	//go:embed sh/fence.sh
	fenceText string
	//go:embed sh/process.sh
	processText string
	//go:embed sh/start.sh
	startText string
	//go:embed sh/follow.sh
	followText string
	//go:embed sh/run.sh
	runText string
	//go:embed sh/stop.sh
	stopText string
	//go:embed sh/containers.sh
	containersText string
	//go:embed sh/remove.sh
	removeText string
	//go:embed sh/vacate.sh
	vacateText string
	//go:embed sh/leftovers.sh
	leftoversText string
)

// chunkBytes is how much of a file one here-document has. Encoded, it is
// smaller than the 64 KiB of a pipe, so no shell has to write it to a temporary
// file.
const chunkBytes = 36 << 10

// cookie is the mark in the environment of a job's processes. It is derived
// from the spool's path, so the processes can be found even if nothing else is
// left of the job.
func cookie(job Job) string {
	sum := sha256.Sum256([]byte(path.Clean(job.Spool)))
	return base32.StdEncoding.EncodeToString(sum[:15])
}

// followScript is the whole script of a session of Follow.
func followScript(job Job, from Offsets, nonce string) string {
	fresh := 0
	if from == (Offsets{}) {
		fresh = 1
	}
	files := files(job)
	var b strings.Builder
	b.WriteString(scriptHead(job, nonce))
	fmt.Fprintf(&b, "fresh=%d out=%d err=%d\n", fresh, from.Out, from.Err)
	b.WriteString(stripComments(processText))
	b.WriteString(stripComments(startText))
	b.WriteString(stripComments(followText))
	b.WriteString("install_files() {\n\t:\n")
	for i, file := range files {
		fmt.Fprintf(&b, "\tinstall_file %d %o %s\n", i, file.Mode, Quote(file.Path))
	}
	b.WriteString("}\nopen_session\n")
	for i, file := range files {
		sendFile(&b, i, file.Content)
	}
	b.WriteString("begin\nfollow\n")
	return b.String()
}

// scriptHead is the beginning of every script about a job.
func scriptHead(job Job, nonce string) string {
	return fmt.Sprintf("spool=%s dir=%s folder=%s deployment=%s attempt=%d cookie=%s nonce=%s\n",
		Quote(job.Spool), Quote(job.Dir), Quote(cmp.Or(job.Folder, job.Dir)),
		Quote(deployment(job)), job.Attempt, cookie(job), Quote(nonce)) +
		stripComments(sessionText) + stripComments(fenceText)
}

func stopScript(job Job, nonce string, grace time.Duration) string {
	containers := "end_containers() {\n:\n}\nreport_containers() {\n:\n}\n"
	if job.MayRunContainers {
		containers = stripComments(DockerText()) + stripComments(containersText)
	}
	limit := fmt.Sprintf("grace=%d\n", grace/(10*time.Millisecond))
	return scriptHead(job, nonce) + stripComments(processText) + limit + containers + stripComments(stopText)
}

func removeScript(job Job, nonce string) string {
	return scriptHead(job, nonce) + stripComments(removeText)
}

func leftoversScript(runs, nonce string) string {
	return fmt.Sprintf("runs=%s nonce=%s\n", Quote(runs), Quote(nonce)) + stripComments(sessionText) +
		stripComments(leftoversText)
}

// runScript is the file run in the spool: the whole job as one script.
func runScript(job Job) string {
	environment := ""
	if job.EnvironmentFile != "" {
		environment = absolute(job.Dir, job.EnvironmentFile)
	}
	onFailure := " "
	for i, step := range job.Steps {
		if step.OnFailure {
			onFailure += fmt.Sprintf("%d ", i+1)
		}
	}
	return fmt.Sprintf("spool=%s dir=%s environment=%s steps=%d on_failure=%s keep=%d\n%s",
		Quote(job.Spool), Quote(job.Dir), Quote(environment),
		len(job.Steps), Quote(onFailure), keptBytes(job), stripComments(runText))
}

// keptBytes is how many bytes of each stream's head are kept, and as many of its
// tail: a whole number of blocks of any file system.
func keptBytes(job Job) int64 {
	const block = 64 << 10
	return max(1, cmp.Or(max(0, job.SpoolLimit), DefaultSpoolLimit)/4/block) * block
}

// files returns all files of the job, with absolute paths and modes: its own
// files and the files of the spool.
func files(job Job) []File {
	all := []File{{Path: path.Join(job.Spool, "run"), Content: []byte(runScript(job)), Mode: ownerOnly}}
	for i, step := range job.Steps {
		all = append(all, File{Path: path.Join(job.Spool, fmt.Sprintf("step.%d", i+1)),
			Content: []byte(step.Script), Mode: ownerOnly})
	}
	for _, file := range job.Files {
		file.Path = absolute(job.Dir, file.Path)
		if file.Mode == 0 {
			file.Mode = ownerOnly
		}
		all = append(all, file)
	}
	return all
}

// ownerOnly is the mode of every file that may hold a secret.
const ownerOnly = 0o600

// sendFile writes the content as here-documents. They are on no command line
// and, unlike the arguments of a shell's echo, in no environment.
func sendFile(b *strings.Builder, number int, content []byte) {
	for first := true; first || len(content) > 0; first = false {
		n := min(len(content), chunkBytes)
		fmt.Fprintf(b, "receive %d <<'.'\n%s\n.\n", number, base64.StdEncoding.EncodeToString(content[:n]))
		content = content[n:]
	}
}

func absolute(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// Quote turns any text without NUL into one word of sh.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// stripComments leaves out comment lines, which are half of each script, and empty lines
// and tabs at the beginning of a line. Without them, the start of a session fits
// into the data that TCP sends before the first acknowledgement. It does not
// understand sh: do not use it on a script with a quoted text or a here-document
// that has such lines.
func stripComments(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if text := strings.TrimLeft(line, "\t"); text != "\n" && !strings.HasPrefix(text, "#") {
			b.WriteString(text)
		}
	}
	return b.String()
}

// check refuses a job that no server could run. The error is Invalid.
func check(job Job) error {
	for name, folder := range map[string]string{"spool": job.Spool, "folder": job.Dir,
		"data folder": cmp.Or(job.Folder, job.Dir)} {
		if !path.IsAbs(folder) || path.Clean(folder) == "/" || strings.ContainsRune(folder, 0) {
			return refusal("its %s is not an absolute path below the root", name)
		}
	}
	for _, file := range job.Files {
		if file.Path == "" || strings.ContainsRune(file.Path, 0) ||
			absolute(job.Dir, file.Path) == path.Clean(job.Dir) {
			return refusal("one of its files has no name")
		}
		if job.Folder != "" &&
			strings.HasPrefix(absolute(job.Dir, file.Path)+"/", path.Clean(job.Folder)+"/") {
			return refusal("one of its files lies where containers write, who may have put a link there")
		}
	}
	if strings.ContainsRune(job.EnvironmentFile, 0) {
		return refusal("its environment file has no name")
	}
	if !names.MatchString(deployment(job)) {
		return refusal("its deployment has no name of letters and digits")
	}
	return nil
}

// names matches the name of a deployment: one word to sh and to a frame.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// deployment returns the name of the job's deployment.
func deployment(job Job) string { return cmp.Or(job.Deployment, path.Base(job.Spool)) }
