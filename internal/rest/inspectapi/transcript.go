package inspectapi

import (
	"regexp"
	"strings"

	"waybill/internal/inspect"
	"waybill/internal/plainjson"
	"waybill/internal/terminal"
)

// maxLogBytes limits the log in an answer. A Lambda function may answer 6 MB, and its answer is
// JSON that has the body as a text, which has the log as a text in JSON.
const maxLogBytes = 5 << 20

// transcript makes one text of the logs of containers: their last lines, as many together, without
// secrets and without control sequences. Several containers have headings, as of tail(1).
func (s subject) transcript(containers []inspect.ContainerLog, lines int) logBody {
	var all []string
	for _, container := range containers {
		own := s.lines(container)
		own = own[max(len(own)-max(lines/len(containers), 1), 0):]
		if len(containers) > 1 {
			own = append([]string{"==> " + s.matcher.Text(container.Name) + " <=="}, own...)
		}
		all = append(all, own...)
	}
	size, from := 0, len(all)
	for from > 0 {
		encoded, _ := plainjson.Encode(all[from-1] + "\n") // a text always encodes
		if size += plainjson.Size(encoded); size > maxLogBytes {
			break
		}
		from--
	}
	if from == len(all) {
		return logBody{Truncated: from > 0}
	}
	return logBody{Logs: strings.Join(all[from:], "\n") + "\n", Truncated: from > 0}
}

// lines returns the lines of a log, without secrets and control sequences. The log is redacted
// twice, because a sequence in the middle of a secret may have hidden it.
func (s subject) lines(container inspect.ContainerLog) []string {
	text := container.Text
	if container.Cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.ToValidUTF8(joined(text), "\uFFFD")
	masked := s.matcher.Text(text)
	if plain := string(terminal.Colours([]byte(masked))); plain != masked {
		masked = s.matcher.Text(plain)
	}
	masked = strings.TrimSuffix(masked, "\n")
	if masked == "" {
		return nil
	}
	return strings.Split(masked, "\n")
}

// partBytes is how docker cuts a long line into parts that it stores one by one.
const partBytes = 16 << 10

// stamp matches a time that docker writes before each part of a line.
var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z `)

// joined returns the text without the times that docker writes inside of long lines: a secret
// around one would not be recognised.
func joined(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		first := stamp.FindString(line)
		out.WriteString(first)
		for line = line[len(first):]; first != "" && len(line) > partBytes; {
			out.WriteString(line[:partBytes])
			line = line[partBytes:]
			line = line[len(stamp.FindString(line)):]
		}
		out.WriteString(line)
	}
	return out.String()
}
