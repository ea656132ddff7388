package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The published PostgreSQL images moved their data in version 18, and declare an
// anonymous volume for it. A named volume at another version's place stays empty: the
// data is in the anonymous volume, and a stop loses it. So the folder is chosen once,
// when a database is registered, and stored with it. A variable tells every image that
// folder. An image of another version then finds the old data and refuses it, instead
// of creating new data in another place.

// DataFolder is a folder of an engine's data.
type DataFolder struct {
	// Path is the folder; %d in it is the engine's version.
	Path string
	// Mount is the path at which the volume is mounted.
	Mount string
	// From is the first version with this folder. The folder is chosen only for an image
	// whose version is certain.
	From int
}

// ChooseDataFolder returns the data folder for a new database of the image, or "" if
// all versions of the engine have the same folder.
func (e Engine) ChooseDataFolder(image string) string {
	if len(e.DataFolders) == 0 {
		return ""
	}
	chosen := e.DataFolders[0]
	version, certain := e.certainVersion(image)
	for _, folder := range e.DataFolders[1:] {
		if certain && version >= folder.From {
			chosen = folder
		}
	}
	if strings.Contains(chosen.Path, "%d") {
		return fmt.Sprintf(chosen.Path, version)
	}
	return chosen.Path
}

// VolumesFor returns the volumes of a database with its data in the folder.
func (e Engine) VolumesFor(dataFolder string) []Volume {
	volumes := slices.Clone(e.Volumes)
	for i := range volumes {
		if volumes[i].Path == "" {
			volumes[i].Path = e.mountOf(dataFolder)
		}
	}
	return volumes
}

// mountOf returns the mount path of the volume that has the folder. It prefers a mount
// at the folder itself to a mount above it.
func (e Engine) mountOf(dataFolder string) string {
	for _, folder := range e.DataFolders {
		if dataFolder == folder.Mount {
			return folder.Mount
		}
	}
	for _, folder := range e.DataFolders {
		if strings.HasPrefix(dataFolder, folder.Mount+"/") {
			return folder.Mount
		}
	}
	return e.DataFolders[0].Mount
}

// EnvironmentFor returns the variables of a database with its data in the folder.
func (e Engine) EnvironmentFor(dataFolder string) []Variable {
	if e.DataVariable == "" {
		return e.Environment
	}
	return append(slices.Clone(e.Environment), Variable{Name: e.DataVariable, Value: dataFolder})
}

// marked matches the engine's version in a tag that begins with the version of an
// extension: 0.8.1-pg18.
var marked = regexp.MustCompile(`(?:^|[^A-Za-z0-9])pg-?([0-9]{1,2})(?:[^0-9]|$)`)

// leading matches a version at the beginning of a tag. A longer number is a date.
var leading = regexp.MustCompile(`^v?([0-9]{1,2})(?:[^0-9]|$)`)

// certainVersion returns the engine's version if the image's tag shows it reliably:
// marked as in 0.8.1-pg18, or at the beginning of the tag of an image of the engine
// itself.
func (e Engine) certainVersion(image string) (version int, certain bool) {
	name, tag := nameAndTag(image)
	match := marked.FindStringSubmatch(tag)
	if match == nil &&
		slices.ContainsFunc(e.Versioned, func(word string) bool { return strings.Contains(name, word) }) {
		match = leading.FindStringSubmatch(tag)
	}
	if match == nil {
		return 0, false
	}
	version, err := strconv.Atoi(match[1])
	return version, err == nil
}

// nameAndTag returns the last part of an image's name, and its tag or "".
func nameAndTag(image string) (name, tag string) {
	name, _, _ = strings.Cut(image, "@")
	name = name[strings.LastIndexByte(name, '/')+1:]
	name, tag, _ = strings.Cut(name, ":")
	return name, tag
}
