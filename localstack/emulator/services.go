package emulator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// dynamodbLocal takes any credentials.
func (e *Emulator) dynamodbLocal() *exec.Cmd {
	home := filepath.Join(Library(e.root), "dynamodb-local", "2")
	command := exec.Command("java", "-Xmx256m",
		"-Djava.library.path="+filepath.Join(home, "DynamoDBLocal_lib"),
		"-cp", filepath.Join(home, "DynamoDBLocal.jar")+":"+home, "Loopback",
		"-inMemory", "-disableTelemetry", "-port", fmt.Sprint(e.Port))
	command.Dir = e.scratch()
	command.Env = e.environment()
	return command
}

// versitygw takes the credentials of the account's owner in the other emulators.
func (e *Emulator) versitygw() (*exec.Cmd, error) {
	buckets, versions := filepath.Join(e.scratch(), "buckets"), filepath.Join(e.scratch(), "versions")
	for _, folder := range []string{buckets, versions} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return nil, err
		}
	}
	command := exec.Command(filepath.Join(e.root, ".local", "versitygw", "versitygw"), "--quiet",
		"--port", fmt.Sprintf("127.0.0.1:%d", e.Port), "posix", "--versioning-dir", versions, buckets)
	command.Dir = e.scratch()
	command.Env = append(e.environment(), "ROOT_ACCESS_KEY=test", "ROOT_SECRET_KEY=test")
	return command, nil
}
