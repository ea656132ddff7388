package notify

// teamsBody is a message with an Adaptive Card, the form that a workflow of Teams takes ("When a
// Teams webhook request is received"). A run of a rich text block knows no markup and no
// mentions, so its text needs no escapes. Titles of actions are plain, too.
func teamsBody(m message) any {
	colour := map[mood]string{neutral: "Default", good: "Good", bad: "Attention"}[m.mood]
	body := []any{teamsText(object{"text": m.title, "weight": "Bolder", "size": "Medium", "color": colour})}
	for _, f := range m.facts {
		body = append(body, teamsText(object{"text": f.label + ": ", "weight": "Bolder"},
			object{"text": f.value}))
	}
	if m.excerpt != "" {
		body = append(body, teamsText(object{"text": m.excerpt, "fontType": "Monospace", "size": "Small"}))
	}
	var actions []any
	for _, l := range m.links {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": l.label, "url": l.url})
	}
	return object{"type": "message", "attachments": []any{object{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"contentUrl":  nil,
		"content": object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
			"type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions,
			"msteams": object{"width": "Full"}},
	}}}
}

// teamsText is a block of runs without markup.
func teamsText(runs ...object) any {
	for _, run := range runs {
		run["type"] = "TextRun"
	}
	return object{"type": "RichTextBlock", "inlines": runs}
}
