package e2e_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/localstack/client"
)

// verification is the API's answer about the integrity of a log.
type verification struct {
	OK        bool
	Complete  bool
	Chunks    int
	BadChunk  *int `json:"bad_chunk"`
	Reason    *string
	Rewritten int
	By        *string `json:"scrubbed_by"`
	Entries   int     `json:"scrubbed_entries"`
}

func (w *world) verify(t *testing.T, uuid string) verification {
	t.Helper()
	var found verification
	w.get(t, "/deployments/"+uuid+"/verify", &found)
	return found
}

// TestP3ScrubTakesALaterSecretOutOfWhatIsKept prints a value that is no secret yet,
// makes it a secret, and scrubs it.
func TestP3ScrubTakesALaterSecretOutOfWhatIsKept(t *testing.T) {
	w := stack(t)
	const first, second = "Kx9-wq$", "later'than-hoped/17"
	const secret = first + second
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	app := w.create(t, "/applications/shell", map[string]any{
		"name": "careless", "server_uuid": w.server(t),
		// The configuration has the value only in two parts: a scrub does not change
		// configurations.
		"start": "printf 'token %s%s\\n' " + quoted(first) + " " + quoted(second) + "\n" +
			"printf '%s%s' " + quoted(first) + " " + quoted(second) + " | base64 -w0 >&2\n" +
			"i=0; while [ $i -lt 300 ]; do echo \"line $i\"; i=$((i+1)); done",
	})
	var leaky []string
	for _, operation := range []string{"start", "restart"} {
		record, entries := w.operate(t, app, operation)
		wantStatus(t, record, entries, "finished", "")
		leaky = append(leaky, record.DeploymentUUID)
	}
	for _, text := range []string{secret, encoded} {
		if len(w.search(t, text)) == 0 {
			t.Fatal("what was printed is kept nowhere: the search looks in the wrong place")
		}
	}
	before := w.verify(t, leaky[0])
	if !before.OK || !before.Complete || before.Chunks == 0 || before.Rewritten != 0 {
		t.Errorf("before: %+v, want it right as it was written", before)
	}

	body := map[string]any{
		"environment": []map[string]any{{"key": "LATER", "value": secret, "is_secret": true}},
	}
	if err := w.api.Do(t.Context(), "PATCH", "/applications/"+app, body, nil); err != nil {
		t.Fatal(err)
	}
	named := map[string]any{"resource_uuid": app}
	deployer := client.New(w.url, w.mint(t, "deployer", "read", "write", "deploy"))
	wantAnswer(t, deployer.Post(t.Context(), "/deployments/scrub", named, nil), 403, "root")
	var queued struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := w.api.Post(t.Context(), "/deployments/scrub", named, &queued); err != nil {
		t.Fatal(err)
	}
	record, entries := w.follow(t, queued.DeploymentUUID)
	wantStatus(t, record, entries, "finished", "")
	wantLog(t, entries, leaky[0]+`: 2 entries\.`)
	wantLog(t, entries, `Scrubbed 4 entries in 2 logs; looked at 2\.`)

	for _, form := range forms(secret) {
		for place, found := range w.search(t, form) {
			t.Errorf("%s holds the secret: …%s…", place, strings.ReplaceAll(found, form, "(here)"))
		}
	}
	for _, uuid := range leaky {
		found := w.verify(t, uuid)
		if !found.OK || !found.Complete || found.Rewritten == 0 || found.Entries != 2 || found.By == nil ||
			*found.By != "e2e" {
			t.Errorf("after: %+v, want it right and rewritten", found)
		}
		_, entries := w.follow(t, uuid)
		wantLog(t, entries, `token <REDACTED:LATER>`)
	}

	t.Run("a chunk that somebody changed is named", func(t *testing.T) {
		w.tamper(t, "logs/application/"+app+"/"+leaky[0]+"/000001.jsonl.gz")
		found := w.verify(t, leaky[0])
		if found.OK || found.BadChunk == nil || *found.BadChunk != 1 || found.Reason == nil {
			t.Errorf("%+v, want chunk 1 to be bad", found)
		}
		if other := w.verify(t, leaky[1]); !other.OK {
			t.Errorf("the other log: %+v", other)
		}
	})
}

// quoted quotes a text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// tamper changes the content of an object in the log bucket and leaves its
// metadata unchanged.
func (w *world) tamper(t *testing.T, key string) {
	t.Helper()
	client, bucket := w.cloud.Session().S3(), aws.String(w.cloud.Outputs().LogBucket)
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	stored[len(stored)/2] ^= 1
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: bucket, Key: &key, Body: bytes.NewReader(stored),
		ContentType: got.ContentType, ContentEncoding: got.ContentEncoding,
		Metadata: got.Metadata}); err != nil {
		t.Fatal(err)
	}
}
