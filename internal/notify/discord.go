package notify

import "strings"

// discordEscape escapes Discord's markup with backslashes. A zero-width space after an @ or
// before a # or a < takes the rest of their meaning; allowed_mentions forbids all mentions
// besides.
var discordEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`,
	">", `\>`, "[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "#", `\#`, "-", `\-`, "<", `\<`,
	"@", "@\u200b")

// discordCode escapes text for a block of code, which a row of three grave accents would end.
var discordCode = strings.NewReplacer("```", "'''")

// colours are the colours of an embed by mood.
var colours = map[mood]int{neutral: 0x808080, good: 0x2EB67D, bad: 0xE01E5A}

// discordBody is the body of an execution of a webhook.
func discordBody(m message) any {
	embed := object{"title": limit(discordEscape.Replace(m.title), 250), "color": colours[m.mood]}
	var lines []string
	for _, f := range m.facts {
		lines = append(lines, "**"+discordEscape.Replace(f.label)+":** "+discordEscape.Replace(f.value))
	}
	for _, l := range m.links {
		lines = append(lines, "["+discordEscape.Replace(l.label)+"](<"+l.url+">)")
	}
	// An embed has at most 4,096 characters of description.
	text := limit(strings.Join(lines, "\n"), 1900)
	if m.excerpt != "" {
		text += "\n```\n" + discordCode.Replace(limit(m.excerpt, 2100)) + "\n```"
	}
	embed["description"] = text
	return object{"embeds": []any{embed}, "allowed_mentions": object{"parse": []string{}}}
}
