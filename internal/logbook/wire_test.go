package logbook_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

var noon = time.Date(2026, 1, 2, 12, 4, 5, 6789, time.UTC)

func TestAppendWritesTheWireForm(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		name  string
		entry logbook.Entry
		want  string
	}{
		{
			name: "a line",
			entry: logbook.Entry{Order: 7, Output: `a "b"`, Type: logbook.Stdout, Time: noon, Batch: 1,
				Step: "Start"},
			want: `{"order":7,"timestamp":"2026-01-02T12:04:05.000006Z","type":"stdout","batch":1,` +
				`"step":"Start","hidden":false,"command":null,"output":"a \"b\""}`,
		},
		{
			name: "a command",
			entry: logbook.Entry{Order: 8, Command: "docker\tup\n", Type: logbook.Stdout,
				Time:  noon.In(berlin),
				Batch: 2, Step: `"`},
			want: `{"order":8,"timestamp":"2026-01-02T12:04:05.000006Z","type":"stdout","batch":2,` +
				`"step":"\"","hidden":false,"command":"docker\tup\n","output":""}`,
		},
		{
			name: "a piece of a line",
			entry: logbook.Entry{Order: 1 << 40, Output: "\x00\x1b[0m<>&\u2028é\xff", Type: logbook.Stderr,
				Hidden: true, Continued: true},
			want: `{"order":1099511627776,"timestamp":"0001-01-01T00:00:00.000000Z","type":"stderr",` +
				`"batch":0,"step":"","hidden":true,"command":null,"output":"\u0000\u001b[0m<>&` +
				"\u2028é\uFFFD" + `","continued":true}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.entry.Append([]byte("x"))); got != "x"+c.want+"\n" {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// FuzzAppend reads with encoding/json what was written by hand.
func FuzzAppend(f *testing.F) {
	f.Add("plain", "", "Start", int64(1), true)
	f.Add("\x00\x1f \"\\\x7f\x80é\xe2\x82", "cmd\r\n\t\b\f", "step \xff\"\\", int64(-5), false)
	f.Add(strings.Repeat("01234567", 5)+`"`, strings.Repeat("é", 20), "\\", int64(1<<62), false)
	f.Fuzz(func(t *testing.T, output, command, step string, order int64, flag bool) {
		in := logbook.Entry{Order: logbook.Order(order), Command: command, Step: step, Type: logbook.Stderr,
			Time: noon.Truncate(time.Microsecond), Hidden: flag, Batch: 3}
		if command == "" {
			in.Output, in.Continued = output, flag
		}
		line := in.Append(nil)
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("%q is not one line", line)
		}
		got, err := logbook.Decode(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want := in
		for _, text := range []*string{&want.Output, &want.Command, &want.Step} {
			*text = string([]rune(*text)) // encoding/json's way with what is no UTF-8, too
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("got - want +:\n%s", d)
		}
		if !utf8.Valid(line) {
			t.Errorf("%q is no UTF-8", line)
		}
		checkPlain(t, output)
	})
}

// checkPlain compares with the text that encoding/json writes.
func checkPlain(t *testing.T, output string) {
	t.Helper()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(output); err != nil {
		t.Fatal(err)
	}
	line := string(logbook.Entry{Output: output}.Append(nil))
	_, got, _ := strings.Cut(line, `"output":`)
	// The two differ in how they write these few, which mean the same.
	same := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\ufffd`, "\uFFFD", `\b`, `\u0008`,
		`\f`, `\u000c`, `\\`, `\\`)
	got = strings.TrimSuffix(got, "}\n")
	if want := same.Replace(strings.TrimSpace(want.String())); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextForm(t *testing.T) {
	for want, entry := range map[string]logbook.Entry{
		"$ docker compose up -d": {Command: "docker compose up -d"},
		"a \"line\"\tof output":  {Output: "a \"line\"\tof output"},
		"":                       {},
	} {
		got, err := logbook.Decode(entry.Append(nil))
		if err != nil || got.Text() != want {
			t.Errorf("got %q, %v, want %q", got.Text(), err, want)
		}
	}
	for _, line := range []string{"", "{", `{"order":"x"}`, "\x00"} {
		if _, err := logbook.Decode([]byte(line)); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("Decode(%q): got %v, want Internal", line, err)
		}
	}
}
