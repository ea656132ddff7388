package prepare

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// digest returns the stamp of a step: a hash of the names and contents of its
// inputs, its key, and the path of the checkout. Virtual environments have that
// path in their files.
func digest(root string, step Step) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", root, step.Key)
	for _, input := range step.Inputs {
		err := filepath.WalkDir(filepath.Join(root, input), func(
			path string, entry fs.DirEntry, err error,
		) error {
			if err != nil || entry.IsDir() || forTests(path) {
				return err
			}
			return add(sum, root, path)
		})
		if err != nil {
			return "", fmt.Errorf("what %s is made of: %w", step.Name, err)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

func add(sum hash.Hash, root, path string) error {
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content := sha256.New()
	if _, err := io.Copy(content, file); err != nil {
		return err
	}
	fmt.Fprintf(sum, "%s %x\n", name, content.Sum(nil))
	return nil
}

// forTests reports whether only tests use the file, so that no program is built
// from it.
func forTests(path string) bool {
	return strings.HasSuffix(path, "_test.go") ||
		strings.Contains(path, string(filepath.Separator)+"testdata"+string(filepath.Separator))
}
