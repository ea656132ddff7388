package catalog

import "strings"

// beginsWithFrom reports whether the first instruction of a Dockerfile, except for ARG, is
// FROM with an argument. Docker refuses every other Dockerfile.
func beginsWithFrom(text string) bool {
	escape, continued := `\`, false
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSpace(line)
		if comment, is := strings.CutPrefix(line, "#"); is {
			if strings.EqualFold(strings.Join(strings.Fields(comment), ""), "escape=`") {
				escape = "`"
			}
			continue // also between the lines of one instruction
		}
		if line == "" {
			continue
		}
		first := !continued
		continued = strings.HasSuffix(line, escape)
		if !first {
			continue
		}
		words := strings.Fields(line)
		if !strings.EqualFold(words[0], "ARG") {
			return strings.EqualFold(words[0], "FROM") && len(words) > 1
		}
	}
	return false
}
