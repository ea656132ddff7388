package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// teamFiles is the folder of the files with the options of teams, from infra/, where the CDK's
// command line starts the app.
const teamFiles = "../teams"

// teamFile has the options of a team that are kept in a file, "teams/NAME.json". The command line
// goes before it.
type teamFile struct {
	path   string
	given  func(name string) any
	values map[string]any
	read   map[string]bool
}

// readTeamFile reads the file of the team that the context names. A team needs none.
func readTeamFile(folder string, given func(name string) any) (*teamFile, error) {
	team := fmt.Sprint(given("team"))
	f := &teamFile{path: filepath.Join(folder, team+".json"), given: given, read: map[string]bool{}}
	if !teamName.MatchString(team) {
		return f, nil // ReadOptions refuses it
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&f.values); err != nil {
		return nil, fmt.Errorf("%s: an object with options and their values: %w", f.path, err)
	}
	for name, value := range f.values {
		if f.values[name], err = optionText(value); err != nil || name == "team" {
			return nil, fmt.Errorf("%s: %s is a text, a number, true, false, or a list of texts, and no "+
				"team: the name of the file is that", f.path, name)
		}
	}
	return f, nil
}

// optionText writes a value as the command line has it: a list with commas between its entries.
func optionText(value any) (string, error) {
	switch value := value.(type) {
	case string, bool, json.Number:
		return fmt.Sprint(value), nil
	case []any:
		var texts []string
		for _, entry := range value {
			text, is := entry.(string)
			if !is || strings.Contains(text, ",") {
				return "", errors.New("no text")
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, ","), nil
	}
	return "", errors.New("no text")
}

// lookup returns the value of an option, or nil.
func (f *teamFile) lookup(name string) any {
	f.read[name] = true
	if value := f.given(name); value != nil {
		return value
	}
	if value, found := f.values[name]; found {
		return value
	}
	return nil
}

// unread is the error for options that do not exist. A typing error would else be a default.
func (f *teamFile) unread() error {
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !f.read[name] {
			return fmt.Errorf("%s: %s is no option; docs/options.md lists them", f.path, name)
		}
	}
	return nil
}
