package engine

import (
	"fmt"
	"path"
)

// An init script that fails ends the container. Docker starts it again, and the image
// then finds its data and skips the rest of the initialisation. So a first script
// writes a marker file next to the data, a last one removes it, and the health script
// fails while it is there. The image runs neither script on existing data, so scripts
// that are added later leave no marker.

// The names of these two scripts sort before and after all others, the image's own
// included, in every locale.
const (
	firstScript = ScriptsFolder + "/000-000-waybill-begin.sh"
	lastScript  = ScriptsFolder + "/zzzz-waybill-end.sh"
	markerName  = ".waybill-initialising"
)

// marker returns the path of the marker in the container, or "" for an engine that
// runs no scripts. The last of its volumes has the data.
func (e Engine) marker(dataFolder string) string {
	if !e.InitScripts {
		return ""
	}
	if dataFolder == "" {
		dataFolder = e.Volumes[len(e.Volumes)-1].Path
	}
	return path.Join(dataFolder, markerName)
}

// MarkerScripts returns the scripts that run before and after all others. It returns
// nil for an engine that runs no scripts.
func (e Engine) MarkerScripts(dataFolder string) []File {
	marker := e.marker(dataFolder)
	if marker == "" {
		return nil
	}
	return []File{
		{Path: firstScript, Text: fmt.Sprintf(": >'%s'\n", marker), Readable: true},
		{Path: lastScript, Text: fmt.Sprintf("rm -f '%s'\n", marker), Readable: true},
	}
}

// HealthFor returns the health script of a database with its data in the folder.
func (e Engine) HealthFor(dataFolder string) string {
	marker := e.marker(dataFolder)
	if marker == "" {
		return e.Health
	}
	return fmt.Sprintf(`if [ -e '%s' ]; then
  echo 'The first initialisation has not ended.' \
    'If it failed, the data is incomplete: delete the database with its volumes.'
  exit 1
fi
`, marker) + e.Health
}
