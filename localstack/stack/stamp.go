package stack

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Deployed reports whether this account has the stack already, made from the
// same app and the same functions.
func Deployed(opts Options) (Outputs, bool, error) {
	state := filepath.Dir(opts.Log)
	noted, err := os.ReadFile(stampFile(state, opts.Team))
	if os.IsNotExist(err) {
		return Outputs{}, false, nil
	}
	if err != nil {
		return Outputs{}, false, err
	}
	stamp, err := opts.stamp()
	if err != nil || !bytes.Equal(noted, stamp) {
		return Outputs{}, false, err
	}
	outputs, err := Read(state, opts.Team)
	return outputs, err == nil, err
}

// stamp returns a text that changes with everything that a deployment depends
// on.
func (o Options) stamp() ([]byte, error) {
	programs, err := filepath.Glob(filepath.Join(o.Root, functions, "*", "bootstrap"))
	if err != nil {
		return nil, err
	}
	var stamp bytes.Buffer
	fmt.Fprintln(&stamp, o.Account, o.Endpoint, o.context())
	for _, program := range append(programs, filepath.Join(o.Root, app)) {
		sum, err := digest(program)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&stamp, "%x %s\n", sum, program)
	}
	return stamp.Bytes(), nil
}

func digest(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return sum.Sum(nil), err
}

func stampFile(folder, team string) string { return filepath.Join(folder, "deployed-"+team) }
