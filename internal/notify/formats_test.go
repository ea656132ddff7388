package notify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/notify"
)

var (
	stack = notify.Stack{Team: "blue", URL: "https://api.test/live"}
	at    = time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
)

const id = deployment.ID("svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")

// failedJob is a message about a failure, whose names try to be markup.
func failedJob(name string) notify.Job {
	return notify.Job{ID: "svc_failed_ntf", Notification: "ntf000000000000000000001",
		Event: catalog.EventFailed, At: at, Facts: notify.Facts{
			Deployment: id, Resource: id.Resource(), ResourceName: name, ServerID: "srv8c1n6h3d0p5q2m7x4k9v1",
			ServerName: "web-1", Operation: deployment.Deploy, Status: deployment.Failed,
			Reason: deployment.ReasonUnhealthy, ExitCode: new(3),
			Trigger:  deployment.Trigger{Kind: "api", Name: "ci"},
			QueuedAt: at, StartedAt: at.Add(2 * time.Second), FinishedAt: at.Add(67 * time.Second),
			Compare: "svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7a",
		}}
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	// Compare the text as it is read by the receiver.
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\"`, `"`).Replace(string(text))
}

func TestEscapes(t *testing.T) {
	for _, c := range []struct {
		name   string
		escape func(string) string
		in     string
		want   string
	}{
		{"Slack: a channel", notify.SlackEscape, "<!channel>", "&lt;!channel&gt;"},
		{"Slack: a user", notify.SlackEscape, "<@U012AB3CD>", "&lt;@U012AB3CD&gt;"},
		{"Slack: a group", notify.SlackEscape, "<!subteam^S1|ops>", "&lt;!subteam^S1|ops&gt;"},
		{"Slack: a link", notify.SlackEscape, "<https://a.test|b>", "&lt;https://a.test|b&gt;"},
		{"Slack: an entity", notify.SlackEscape, "&lt;!here&gt; & co", "&amp;lt;!here&amp;gt; &amp; co"},
		{"Slack: the end of code", notify.SlackCode, "a```<!here>", "a'''&lt;!here&gt;"},
		{"Discord: everyone", notify.DiscordEscape, "@everyone", "@\u200beveryone"},
		{"Discord: a user", notify.DiscordEscape, "<@123>", `\<@` + "\u200b" + `123\>`},
		{"Discord: markup", notify.DiscordEscape, "*a* _b_ ~c~ `d` |e| > f",
			"\\*a\\* \\_b\\_ \\~c\\~ \\`d\\` \\|e\\| \\> f"},
		{"Discord: a link", notify.DiscordEscape, "[a](b)", `\[a\]\(b\)`},
		{"Discord: a backslash", notify.DiscordEscape, `\*`, `\\\*`},
		{"Discord: the end of code", notify.DiscordCode, "a```@everyone", "a'''@everyone"},
	} {
		if got := c.escape(c.in); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

// TestAMessageNamesTheDependency: a deployment that failed because another one did says which.
func TestAMessageNamesTheDependency(t *testing.T) {
	record := deployment.Record{ID: id, Status: deployment.Failed, Outcome: deployment.Outcome{
		Status: deployment.Failed, Reason: deployment.ReasonDependency,
		Unmet: deployment.Dependency{Resource: "dbs4q7m2x9k1v8c3n6h0d5p2",
			Deployment: "dbs4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7b", Status: deployment.Cancelled}}}
	job := notify.Job{ID: "j", Event: catalog.EventFailed, At: at, Facts: notify.FactsOf(record)}
	for _, channel := range []string{"webhook", "slack", "discord", "teams", "email"} {
		text := encoded(t, notify.Body(channel, stack, job, ""))
		if !strings.Contains(text, "dbs4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7b") {
			t.Errorf("%s names no dependency: %s", channel, text)
		}
	}
}

// TestNoTextIsMarkup sends the worst names and excerpts through each channel.
func TestNoTextIsMarkup(t *testing.T) {
	const worst = "<!channel> <@U1> @everyone <at>all</at> [a](http://b) ```\x1b[2J"
	job := failedJob(worst)
	job.Facts.Trigger.Name, job.Facts.ServerName, job.Facts.ImageTag = worst, worst, worst
	for channel, never := range map[string][]string{
		"slack":   {"```<!", "*<", "\x1b"},
		"discord": {"\x1b"},
		"teams":   {`"TextBlock"`, "FactSet", "<at></at>", `"entities"`, "\x1b"},
	} {
		text := encoded(t, notify.Body(channel, stack, job, worst))
		for _, bad := range never {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q:\n%s", channel, bad, text)
			}
		}
	}
	slack := notify.Body("slack", stack, job, worst).(map[string]any)
	for _, block := range slack["blocks"].([]any) {
		text := block.(map[string]any)["text"].(map[string]any)
		if text["type"] == "mrkdwn" && strings.Contains(text["text"].(string), "<!") {
			t.Errorf("Slack gets %q as markup", text["text"])
		}
		if text["type"] == "mrkdwn" && text["verbatim"] != true {
			t.Errorf("Slack makes links of names in %q", text["text"])
		}
	}
	if text := encoded(t, notify.Body("discord", stack, job, worst)); !strings.Contains(text,
		`"allowed_mentions":{"parse":[]}`) || strings.Count(text, "```") != 2 {
		t.Errorf("Discord gets %s", text)
	}
}

func TestAMessageSaysWhatAPersonNeeds(t *testing.T) {
	for _, channel := range []string{"slack", "discord", "teams", "email", "webhook"} {
		text := encoded(t, notify.Body(channel, stack, failedJob("shop"), "exited with code 3\nno tea"))
		plain := strings.NewReplacer(`\\`, "").Replace(text)
		for _, want := range []string{"deploy of shop on web", "failed: unhealthy, exit code 3", "ci",
			"https://api.test/live/api/v1/deployments/" + string(id),
			"/logs?format=text", "/compare/" + string(id), "no tea"} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s lacks %q:\n%s", channel, want, plain)
			}
		}
		if channel != "webhook" && !strings.Contains(plain, "1m5s") {
			t.Errorf("%s does not say how long:\n%s", channel, plain)
		}
	}
	// Limits of the services, in the largest message.
	huge := failedJob(strings.Repeat("é&", 130))
	excerpt := strings.Repeat("&", 2048)
	if text := encoded(t, notify.Body("teams", stack, huge, excerpt)); len(text) > 28<<10 {
		t.Errorf("Teams gets %d bytes", len(text))
	}
	for _, block := range notify.Body("slack", stack, huge, excerpt).(map[string]any)["blocks"].([]any) {
		text := block.(map[string]any)["text"].(map[string]any)["text"].(string)
		if len(text) > 3000 {
			t.Errorf("Slack gets a text of %d bytes", len(text))
		}
	}
	discord := notify.Body("discord", stack, huge, excerpt).(map[string]any)
	embed := discord["embeds"].([]any)[0].(map[string]any)
	if len(embed["description"].(string)) > 4096 || len(embed["title"].(string)) > 256 {
		t.Errorf("Discord gets %d bytes", len(embed["description"].(string)))
	}
}

func TestAMailIsWhatSNSTakes(t *testing.T) {
	job := failedJob("Tee für alle " + strings.Repeat("x", 200))
	mail := notify.Body("email", stack, job, "é").(notify.Mail)
	strange := func(r rune) bool { return r < ' ' || r > '~' }
	if len(mail.Subject) > 100 || strings.ContainsFunc(mail.Subject, strange) {
		t.Errorf("subject %q", mail.Subject)
	}
	if !strings.Contains(mail.Text, "Tee für alle") {
		t.Errorf("text %q", mail.Text)
	}
}

// TestTheSchemaOfWebhooks checks real bodies of every event by the published schema.
func TestTheSchemaOfWebhooks(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "schemas", "notification-1.json")
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var described map[string]any
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	jobs := []notify.Job{notify.NewTest("ntf000000000000000000001", "abc", at), failedJob("shop")}
	for _, event := range catalog.NotificationEvents() {
		job := failedJob("shop")
		job.Event = event
		jobs = append(jobs, job)
	}
	missed := notify.Job{ID: "x", Event: catalog.EventScheduleMissed, At: at, Facts: notify.Facts{
		Resource: id.Resource(), ResourceName: "shop", Operation: deployment.Restart, Schedule: "sch1",
		Expression: "0 3 * * *", Due: at}}
	for _, job := range append(jobs, missed) {
		sent := encodedJSON(t, notify.Body("webhook", stack, job, "no tea"))
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(body); err != nil {
			t.Errorf("%s: %v", job.Event, err)
		}
		form := described["properties"].(map[string]any)["data"].(map[string]any)
		known := form["properties"].(map[string]any)
		data := body.(map[string]any)["data"].(map[string]any)
		for name := range data {
			if known[name] == nil {
				t.Errorf("the schema lacks %s", name)
			}
		}
		for name := range known {
			if _, has := data[name]; !has {
				t.Errorf("a body lacks %s", name)
			}
			if !strings.Contains(string(document), "`data."+name+"`") {
				t.Errorf("docs/events.md lacks `data.%s`", name)
			}
		}
	}
}

func encodedJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
