package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// printed is a form in which a secret is printed. core is the part that must not
// be found anywhere: the first and last characters of base64 also depend on the
// bytes around the secret.
type printed struct{ text, core string }

// formsPrinted returns the forms that the design names, each as a program prints
// it.
func formsPrinted(secret string) []printed {
	var all []printed
	add := func(texts ...string) {
		for _, text := range texts {
			all = append(all, printed{text, text})
		}
	}
	var plain bytes.Buffer // JSON that escapes nothing for HTML
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret) // a string always encodes
	escaped, _ := json.Marshal(secret)
	bare := func(quoted string) string { return quoted[1 : len(quoted)-1] }
	add(secret, bare(string(escaped)), bare(strings.TrimSpace(plain.String())), bare(strconv.Quote(secret)))
	add(url.QueryEscape(secret), url.PathEscape(secret),
		strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"))
	add(bare(quoted(secret)), strings.ReplaceAll(secret, "'", `'"'"'`),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(secret))
	add(hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for _, encoding := range []*base64.Encoding{
		base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding,
	} {
		for shift := range 3 {
			text := encoding.EncodeToString([]byte("user"[:3-shift] + secret + "tail"[:shift]))
			all = append(all, printed{text, text[8 : len(text)-8]})
		}
		all = append(all, printed{encoding.EncodeToString([]byte(secret)),
			strings.TrimRight(encoding.EncodeToString([]byte(secret)), "=")})
	}
	basic := base64.StdEncoding.EncodeToString([]byte("admin:" + secret))
	address := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword("admin", secret),
		Host:   "db:5432",
		Path:   "/shop",
	}
	_, password, _ := strings.Cut(address.User.String(), ":")
	return append(all, printed{"> Authorization: Basic " + basic, basic[12 : len(basic)-8]},
		printed{"DATABASE_URL=" + address.String(), password})
}

// linesPrinted returns further forms of a secret of several lines: with other line
// endings, each line alone after docker's prefix, and base64 in lines.
func linesPrinted(secret string) []printed {
	all := []printed{{strings.ReplaceAll(secret, "\n", "\r\n"), strings.ReplaceAll(secret, "\n", "\r\n")}}
	for line := range strings.Lines(secret) {
		line = strings.TrimSpace(line)
		all = append(all, printed{"web-1  | \t" + line, line})
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	return append(all, printed{encoded[:76] + "\n" + encoded[76:], encoded[:76]},
		printed{encoded[:64] + "\n" + encoded[64:], encoded[:64]})
}

// tellsAll prints its variables and the files in its folder, whole and in pieces,
// before and after its runner is killed.
const tellsAll = `cd %s
slowly() {
	printf %%s "$1" >whole
	i=1
	while [ $i -le $(wc -c <whole) ]; do
		dd if=whole bs=1 count=1 skip=$((i-1)) status=none
		sleep 0.02
		i=$((i+1))
	done
	echo .
}
tell() {
	printf 'plain <%%s>\n' "$DB_PASSWORD" "$PRIVATE"
	printf 'error <%%s>\n' "$DB_PASSWORD" "$PRIVATE" >&2
	printf '%%s' "$DB_PASSWORD" | base64
	printf '%%s' "$PRIVATE" | base64 >&2
	printf '%%s' "$PRIVATE" | base64 -w 64
	cat forms; cat forms >&2
	dd if=forms bs=1 status=none; dd if=forms bs=1 status=none >&2
	slowly "$DB_PASSWORD"; slowly "$DB_PASSWORD" >&2
}
cat masks; sleep 1
tell
: >reached
i=0; until [ -e killed ] || [ $i -ge 300 ]; do sleep 0.2; i=$((i+1)); done
tell
echo told`

// TestP3RedactionNoFormOfASecretIsKept runs a job that prints its secrets in every
// form, on both streams and byte by byte, and kills the runner in the middle. Then
// it looks for the secrets in everything that Waybill stores, logs, publishes and
// answers.
func TestP3RedactionNoFormOfASecretIsKept(t *testing.T) {
	w := stack(t)
	const (
		password = "Zq8-pa$$ wörd'with\"marks\\&<42>/~+=`x`"
		private  = "first line/of+the=key 8fj3\n  second \"line\" of $it's 9dk2\nthe-third-line:0a7c\n"
		declared = "declared/by+the=job-5x9q"
	)
	told := append(append(formsPrinted(password), formsPrinted(strings.TrimSpace(private))...),
		formsPrinted(declared)...)
	told = append(told, linesPrinted(strings.TrimSpace(private))...)
	folder := t.TempDir()
	var forms strings.Builder
	for _, form := range told {
		fmt.Fprintf(&forms, "%s\nin <%s>\n", form.text, form.text)
	}
	for name, text := range map[string]string{
		"forms": forms.String(), "masks": "::add-mask::" + declared + "\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	events := w.listen(t)
	ssh := remotetest.Start(t, remotetest.Options{})
	app := w.create(t, "/applications/shell", map[string]any{"name": "talker",
		"server_uuid": w.register(t, ssh), "start": fmt.Sprintf(tellsAll, folder),
		"environment": []map[string]any{{"key": "DB_PASSWORD", "value": password, "is_secret": true},
			{"key": "PRIVATE", "value": private, "is_secret": true}}})
	uuid := w.start(t, app)
	eventually(t, "the job is half way", func() bool {
		_, err := os.Stat(filepath.Join(folder, "reached"))
		return err == nil
	})
	var f figures
	w.killRunner(t, ssh, uuid, &f)
	if err := os.WriteFile(filepath.Join(folder, "killed"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	record, entries := w.follow(t, uuid)
	wantStatus(t, record, entries, "finished", "")
	wantLog(t, entries, "plain <<REDACTED:DB_PASSWORD>>")
	wantLog(t, entries, "told")
	if f.kills.Load() != 1 || record.Attempt < 2 {
		t.Errorf("%d runners were killed, attempt %d: the test tries less than it says",
			f.kills.Load(), record.Attempt)
	}
	w.wantNone(t, told, func(look func(string, []byte)) {
		w.eachKept(t, look)
		w.eachAnswer(t, record, look)
		for i, event := range events(uuid) {
			look(fmt.Sprint("event ", i+1), []byte(event))
		}
	})
}

// wantNone checks that no form is in any of the texts that each passes to look.
// JSON escapes some forms, so it also searches the decoded output of JSON entries.
func (w *world) wantNone(t *testing.T, told []printed, each func(look func(place string, content []byte))) {
	t.Helper()
	places := 0
	each(func(place string, content []byte) {
		places++
		read := bytes.NewBuffer(content)
		for line := range bytes.Lines(content) {
			var entry struct{ Output string }
			if json.Unmarshal(line, &entry) == nil {
				read.WriteString("\n" + entry.Output)
			}
		}
		for _, form := range told {
			if i := bytes.Index(read.Bytes(), []byte(form.core)); i >= 0 {
				around := string(read.Bytes()[max(0, i-40):min(read.Len(), i+len(form.core)+40)])
				t.Errorf("%s holds a form: …%s…", place, strings.ReplaceAll(around, form.core, "(here)"))
			}
		}
	})
	fmt.Printf("figure: looked for %d forms of 3 secrets in %d places\n", len(told), places)
}

// eachAnswer calls look with the API's answers about a deployment to a token that
// may read everything.
func (w *world) eachAnswer(t *testing.T, record client.Deployment, look func(string, []byte)) {
	t.Helper()
	of := "/deployments/" + record.DeploymentUUID
	for _, path := range []string{of, of + "/verify", of + "/configuration", of + "/logs?limit=1000",
		of + "/logs?format=ndjson&limit=1000", of + "/logs?format=text&limit=1000",
		"/deployments/applications/" + record.ResourceUUID,
		"/deployments/applications/" + record.ResourceUUID + "/latest"} {
		var answer string
		if err := w.api.Get(t.Context(), path, &answer); err != nil {
			t.Errorf("GET %s: %v", path, err)
		}
		look("GET "+path, []byte(answer))
	}
}

// listen sends all events of the stack's bus to a queue from now on. The returned
// function waits for the end of a deployment and returns the events.
func (w *world) listen(t *testing.T) func(uuid string) []string {
	t.Helper()
	queues, bus := w.cloud.Session().SQS(), w.cloud.Session().EventBridge()
	name, on := aws.String(fmt.Sprint("redaction-", time.Now().UnixNano())), aws.String("waybill-e2e")
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: name})
	if err != nil {
		t.Fatal(err)
	}
	known, err := queues.GetQueueAttributes(t.Context(),
		&sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl,
			AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	arn := known.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
	_, err = bus.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name:         name,
		EventBusName: on,
		EventPattern: aws.String(`{"detail-type":[{"exists":true}]}`),
	})
	if err == nil {
		_, err = bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
			Rule:         name,
			EventBusName: on,
			Targets:      []types.Target{{Id: aws.String("queue"), Arn: &arn}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(uuid string) []string {
		var all []string
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
				QueueUrl:            queue.QueueUrl,
				WaitTimeSeconds:     5,
				MaxNumberOfMessages: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range got.Messages {
				all = append(all, *message.Body)
				if strings.Contains(*message.Body, uuid) && strings.Contains(*message.Body, `"finished"`) {
					return all
				}
			}
		}
		t.Errorf("no event tells that %s has finished, only %q", uuid, all)
		return all
	}
}
