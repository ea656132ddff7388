package demo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"waybill/internal/remote"
	"waybill/localstack/client"
	"waybill/localstack/progress"
)

// deploy starts or restarts a resource through the API and shows the log until
// the deployment has ended.
func (d *Demo) deploy(ctx context.Context, kind, resource, operation string) (client.Deployment, error) {
	var queued struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := d.api.Post(ctx, "/"+kind+"/"+resource+"/"+operation, nil, &queued); err != nil {
		return client.Deployment{}, err
	}
	d.say("%sed it: POST /api/v1/%s/%s/%s made the deployment %s. Its log:\n",
		strings.ToUpper(operation[:1])+operation[1:], kind, resource, operation, queued.DeploymentUUID)
	err := progress.While(d.line, "  (waiting for the deployment)", func() error {
		return d.api.Follow(ctx, queued.DeploymentUUID,
			func(entry client.Entry) { fmt.Fprint(d.opts.Out, Line(entry)) })
	})
	if err != nil {
		return client.Deployment{}, err
	}
	record, err := d.api.Await(ctx, queued.DeploymentUUID)
	if err != nil {
		return client.Deployment{}, err
	}
	d.say("\n%s", Ending(record))
	return record, nil
}

// Line formats an entry of a log for the terminal: the time, a mark for stderr,
// and the text. A command is shown completely, after a dollar sign.
func Line(entry client.Entry) string {
	if entry.Hidden {
		return ""
	}
	mark := " "
	if entry.Type == "stderr" {
		mark = "!"
	}
	text := entry.Output
	if entry.Command != nil {
		text = "$ " +
			strings.ReplaceAll(strings.TrimRight(*entry.Command, "\n"), "\n", "\n                > ")
	}
	return fmt.Sprintf("  %s %s %s\n", entry.Timestamp.Local().Format("15:04:05.000"), mark, text)
}

// Ending returns a sentence that says how a deployment ended.
func Ending(record client.Deployment) string {
	text := "The deployment is " + record.Status
	if record.Reason != "" {
		text += " (" + record.Reason + ")"
	}
	if record.StartedAt != nil && record.FinishedAt != nil {
		text += fmt.Sprintf(" after %.1f s",
			record.FinishedAt.Sub(*record.StartedAt).Round(100*time.Millisecond).Seconds())
	}
	if record.ExitCode != nil {
		text += fmt.Sprintf(", exit code %d", *record.ExitCode)
	}
	return text + "."
}

// writeEnvironment writes the URL and the token to a file for a shell.
func (d *Demo) writeEnvironment() error {
	text := fmt.Sprintf("export WAYBILL_URL=%s\nexport WAYBILL_TOKEN=%s\n",
		remote.Quote(d.url), remote.Quote(d.state.Token))
	// An existing file would keep its mode, which may be another.
	if err := os.RemoveAll(d.environmentFile()); err != nil {
		return err
	}
	return os.WriteFile(d.environmentFile(), []byte(text), 0o600)
}

// Goodbye returns a text with the URL, the token, and commands to paste.
func Goodbye(url, token, application, deployment string) string {
	curl := "curl -sS -H " + remote.Quote("Authorization: Bearer "+token) + " "
	get := func(path string) string { return curl + remote.Quote(url+"/api/v1"+path) + "\n" }
	return "Waybill answers at\n  " + url + "\nwith the token\n  " + token + "\n" +
		"Both are in .local/env as WAYBILL_URL and WAYBILL_TOKEN: `. .local/env`\n\n" +
		"The application's history:\n" + get("/deployments/applications/"+application) +
		"The record of this deployment:\n" + get("/deployments/"+deployment) +
		"Its log:\n" + get("/deployments/"+deployment+"/logs?format=text") +
		"\n`make down` stops all of it."
}
