package notify

import "strings"

// Mail is an e-mail in plain text.
type Mail struct {
	// Subject is one line of at most 100 printable ASCII characters, which is all that SNS takes.
	Subject string
	Text    string
}

// maxSubject is the longest subject that SNS takes.
const maxSubject = 100

func newMail(stack Stack, m message) Mail {
	var text strings.Builder
	text.WriteString(m.title + "\n\n")
	for _, f := range m.facts {
		text.WriteString(f.label + ": " + f.value + "\n")
	}
	for _, l := range m.links {
		text.WriteString(l.label + ": " + l.url + "\n")
	}
	if m.excerpt != "" {
		text.WriteString("\n" + m.excerpt + "\n")
	}
	return Mail{Subject: ascii("[Waybill " + stack.Team + "] " + m.title), Text: text.String()}
}

// ascii replaces each other character by a question mark, and cuts the text to a subject.
func ascii(text string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return plain[:min(len(plain), maxSubject)]
}
