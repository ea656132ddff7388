package notify

import "strings"

// Limits of Slack: characters of a text block.
const slackText = 2900

// slackEscape escapes text for Slack's markup. These three characters are all that Slack asks
// for; without them, no text can mention a person or a channel, or make a link.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackCode escapes text for a block of code, which a row of three grave accents would end.
var slackCode = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "```", "'''")

// slackBody is the body of an incoming webhook. text is for phone notifications. Titles are
// plain text, in which nothing is markup.
func slackBody(m message) any {
	blocks := []any{
		object{"type": "header", "text": object{"type": "plain_text", "text": limit(m.title, 150),
			"emoji": false}},
	}
	var lines []string
	for _, f := range m.facts {
		lines = append(lines, "*"+slackEscape.Replace(f.label)+":* "+slackEscape.Replace(f.value))
	}
	if len(lines) > 0 {
		blocks = append(blocks, slackSection(strings.Join(lines, "\n")))
	}
	if m.excerpt != "" {
		blocks = append(blocks, slackSection("```\n"+slackCode.Replace(m.excerpt)+"\n```"))
	}
	var links []string
	for _, l := range m.links {
		links = append(links, "<"+slackEscape.Replace(l.url)+"|"+slackEscape.Replace(l.label)+">")
	}
	if len(links) > 0 {
		blocks = append(blocks, slackSection(strings.Join(links, "  ")))
	}
	return object{"text": slackEscape.Replace(m.title), "blocks": blocks, "unfurl_links": false,
		"unfurl_media": false}
}

// slackSection is a block of markup. Verbatim text keeps Slack from making links of names.
func slackSection(text string) any {
	if len(text) > slackText && strings.HasSuffix(text, "\n```") {
		text = limit(strings.TrimSuffix(text, "\n```"), slackText) + "\n```"
	}
	return object{"type": "section", "text": object{"type": "mrkdwn", "text": limit(text, slackText+8),
		"verbatim": true}}
}

// object is a JSON object.
type object = map[string]any
