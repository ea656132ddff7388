package engine_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"waybill/internal/engine"
)

func TestFill(t *testing.T) {
	values := map[string]string{"a": `x\y"z'$%{b}`, "b": "never", "c": "${d} & <e>"}
	for _, c := range []struct{ text, want string }{
		{"no hole %{ } $a %a", "no hole %{ } $a %a"},
		{"%{a}", `x\y"z'$%{b}`},
		{"%{a:conf}", `"x\\y\"z'$%{b}"`},
		{"%{a:option}", `x\\y\"z\'$%{b}`},
		{"%{c:xml}", "${dollar}{d} &amp; &lt;e&gt;"},
		{"%{b:sha256}", "6497e4b3d7bed16979a343a7db4efa6d57725529f5ac3cec45c1f08fabcbdafc"},
		{"%{b}%{b}", "nevernever"},
		{"%{missing}", ""},
		{"%{a:rot13}", "%{a:rot13}"},
	} {
		got := engine.Fill(c.text, values)
		if got != c.want {
			t.Errorf("%s is filled to %q, want %q", c.text, got, c.want)
		}
	}
}

// readers undo the forms as those do who read them.
var readers = map[string]func(t *testing.T, text string) string{
	"conf":   readConf,
	"option": readOption,
	"xml":    readXML,
}

// readConf is sdssplitargs of Redis, of one word in double quotes.
func readConf(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			if strings.IndexByte("nrbtax", text[i]) >= 0 {
				t.Fatalf("%s has the escape %c", text, text[i])
			}
			out.WriteByte(text[i])
		case text[i] == '"':
			if i != len(text)-1 {
				t.Fatalf("%s ends at byte %d", text, i)
			}
			return out.String()
		default:
			out.WriteByte(text[i])
		}
	}
	t.Fatalf("%s does not end", text)
	return ""
}

// readOption is what option files of MySQL have in common with its SQL: between
// quotes, a backslash stands before what is meant.
func readOption(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\'' {
			t.Fatalf("%s has a bare quote", text)
		}
		if text[i] == '\\' {
			i++
			if i == len(text) || strings.IndexByte(`\"'`, text[i]) < 0 {
				t.Fatalf("%s has an escape that the two read differently", text)
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// readXML is an XML reader, and the library of ClickHouse, which knows one name.
func readXML(t *testing.T, text string) string {
	t.Helper()
	var element struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte("<p>"+text+"</p>"), &element); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	plain := strings.ReplaceAll(element.Text, "${dollar}", "\x00")
	if strings.Contains(plain, "${") {
		t.Fatalf("%s asks for another name", text)
	}
	return strings.ReplaceAll(plain, "\x00", "$")
}

func FuzzForms(f *testing.F) {
	for _, value := range []string{
		"", "plain", ` a\ `, `"`, `'`, `\\"'`, "${user}", "$${a}", "${dollar}", "]]>", "&amp;", "é 漢字",
		"%{value:conf}",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) ||
			strings.ContainsFunc(value,
				func(r rune) bool { return unicode.IsControl(r) || r >= 0xfffe && r <= 0xffff }) {
			t.Skip("no setting has this value")
		}
		for form, read := range readers {
			if got := read(t,
				engine.Fill("%{value:"+form+"}", map[string]string{"value": value})); got != value {
				t.Errorf("%s: %q is read as %q", form, value, got)
			}
		}
	})
}
