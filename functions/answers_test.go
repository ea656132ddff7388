package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waybill/internal/aws/gateway"
	"waybill/internal/inspect"
	"waybill/internal/logbook"
	"waybill/internal/rest/resttest"
)

// maxAnswer is the most bytes that Lambda may be given, with the text of the body as it
// is encoded in JSON.
const maxAnswer = 5_500_000

// invoke sends a request to the show function as API Gateway does, and returns the
// answer and its encoded size.
func invoke(t *testing.T, w *resttest.World, path string, query map[string]string,
) (events.APIGatewayProxyResponse, int) {
	t.Helper()
	return invokeFunction(t, w, "show", path, query)
}

func invokeFunction(t *testing.T, w *resttest.World, function, path string, query map[string]string,
) (events.APIGatewayProxyResponse, int) {
	t.Helper()
	event, err := json.Marshal(events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodGet, Path: path, QueryStringParameters: query,
		Headers: map[string]string{"Authorization": "Bearer " + w.Root},
	})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := gateway.New(slog.New(slog.DiscardHandler),
		gateway.Handlers{HTTP: w.Handlers[function]}).Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var answer events.APIGatewayProxyResponse
	if err := json.Unmarshal(encoded, &answer); err != nil {
		t.Fatal(err)
	}
	return answer, len(encoded)
}

// TestEveryPageOfALogFitsIntoAnAnswer reads a log of 4 MiB of characters that
// grow when they are encoded, in each format: no page is too large, and no line is
// missing.
func TestEveryPageOfALogFitsIntoAnAnswer(t *testing.T) {
	const lineBytes, logBytes = 60 << 10, 4 << 20
	for name, character := range map[string]string{
		"quotes": `"`, "ESC": "\x1b", "line separators": "\u2028",
	} {
		w := resttest.New(t)
		record := w.Running(t)
		line := strings.Repeat(character, lineBytes/len(character))
		for range 4 {
			record = w.Record(t, record, func(r *logbook.Recorder) {
				for range logBytes / lineBytes / 4 {
					r.Message(line, logbook.Stdout)
				}
			})
		}
		w.Finish(t, record)
		for _, format := range []string{"json", "ndjson", "text"} {
			t.Run(name+" as "+format, func(t *testing.T) {
				lines := 0
				for after, calls := "0", 0; after != ""; calls++ {
					answer, size := invoke(t, w, "/api/v1/deployments/"+string(record.ID)+"/logs",
						map[string]string{"format": format, "after": after})
					if answer.StatusCode != http.StatusOK || size > maxAnswer || calls > 20 {
						t.Fatalf("call %d answers %d with %d bytes: %.300s", calls, answer.StatusCode, size,
							answer.Body)
					}
					var shown int
					shown, after = page(t, format, answer)
					lines += shown
				}
				if want := int(record.Progress.Log.Last); lines != want {
					t.Errorf("%d lines, want %d", lines, want)
				}
			})
		}
	}
}

// page counts the lines of a page, and returns the "after" of the next one, "" if there
// is none.
func page(t *testing.T, format string, answer events.APIGatewayProxyResponse) (lines int, after string) {
	t.Helper()
	if format == "json" {
		var shown struct {
			Entries  []json.RawMessage
			Next     int
			Complete bool
		}
		if err := json.Unmarshal([]byte(answer.Body), &shown); err != nil {
			t.Fatal(err)
		}
		if shown.Complete {
			return len(shown.Entries), ""
		}
		return len(shown.Entries), fmt.Sprint(shown.Next)
	}
	header := http.Header(answer.MultiValueHeaders)
	if after = header.Get("Waybill-Log-Next"); header.Get("Waybill-Log-Complete") == "true" {
		after = ""
	}
	lines = bytes.Count([]byte(answer.Body), []byte("\n"))
	if format == "text" && after != "" {
		lines-- // the notice that the log continues
	}
	return lines, after
}

// TestTheEndOfALogInsideARecordFits has the characters that grow most, since the log is
// a text in JSON there, which is a text in JSON again.
func TestTheEndOfALogInsideARecordFits(t *testing.T) {
	for name, character := range map[string]string{"quotes": `"`, "ESC": "\x1b"} {
		w := resttest.New(t)
		record := w.Record(t, w.Running(t), func(r *logbook.Recorder) {
			for range 64 {
				r.Message(strings.Repeat(character, 60<<10), logbook.Stdout)
			}
		})
		answer, size := invoke(t, w, "/api/v1/deployments/"+string(record.ID), nil)
		if answer.StatusCode != http.StatusOK || size > maxAnswer ||
			!strings.Contains(answer.Body, `"logs"`) {
			t.Errorf("%s: the record answers %d with %d bytes", name, answer.StatusCode, size)
		}
	}
}

// TestTheLogOfAContainerFits has all bytes that are read of a log, of characters that grow when
// they are encoded.
func TestTheLogOfAContainerFits(t *testing.T) {
	for name, line := range map[string]string{
		"quotes": strings.Repeat(`"`, 600), "line separators": strings.Repeat("\u2028", 200),
		"replaced bytes": strings.Repeat("\xff ", 300),
	} {
		w := resttest.New(t)
		uuid := w.Service(t, w.Server(t))
		w.ReadLogs = func(query inspect.LogQuery) (inspect.Logs, error) {
			text := strings.Repeat(line+"\n", query.MaxBytes/len(line))
			return inspect.Logs{Services: []string{"web"}, Containers: []inspect.ContainerLog{
				{Name: "web-1", Text: text[len(text)-query.MaxBytes:], Cut: true}}}, nil
		}
		answer, size := invokeFunction(t, w, "inspect", "/api/v1/services/"+uuid+"/logs",
			map[string]string{"lines": "20000"})
		var shown struct {
			Logs      string
			Truncated bool
		}
		if err := json.Unmarshal([]byte(answer.Body), &shown); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(shown.Logs, "\n"), "\n")
		if answer.StatusCode != http.StatusOK || size > maxAnswer || len(lines) > 10_000 ||
			!shown.Truncated || lines[0] != lines[len(lines)-1] {
			t.Errorf("%s: %d with %d bytes and %d lines, truncated %t", name, answer.StatusCode, size,
				len(lines), shown.Truncated)
		}
	}
}
