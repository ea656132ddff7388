package notify

// Body returns the JSON form of a message for a channel, or the mail.
func Body(channel string, stack Stack, job Job, excerpt string) any {
	m := newMessage(stack, job, excerpt)
	switch channel {
	case "slack":
		return slackBody(m)
	case "discord":
		return discordBody(m)
	case "teams":
		return teamsBody(m)
	case "email":
		return newMail(stack, m)
	}
	return newPayload(stack, job, m)
}

// The escapes of the channels.
var (
	SlackEscape   = slackEscape.Replace
	SlackCode     = slackCode.Replace
	DiscordEscape = discordEscape.Replace
	DiscordCode   = discordCode.Replace
)
