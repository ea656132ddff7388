package parameters_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/parameters"
	"waybill/internal/webhook"
)

// TestWhatIsWrittenHasTheKey reads the requests: no emulator encrypts with a key of its caller.
func TestWhatIsWrittenHasTheKey(t *testing.T) {
	const key = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
	for name, c := range map[string]struct {
		key  string
		want any
	}{"one of its own": {key, key}, "the account's": {"", nil}} {
		t.Run(name, func(t *testing.T) {
			var got []any
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var request map[string]any
				body, err := io.ReadAll(r.Body)
				if err != nil || json.Unmarshal(body, &request) != nil || request["Type"] != "SecureString" {
					t.Errorf("the request is %s, %v", body, err)
				}
				got = append(got, request["KeyId"])
				_, _ = io.WriteString(w, "{}")
			}))
			defer server.Close()
			config := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL,
				Credentials: aws.AnonymousCredentials{}}
			vault := parameters.Open(config, "/waybill-blue").EncryptedWith(c.key)
			if err := vault.Put(t.Context(), id, generation, values("A", "one")); err != nil {
				t.Fatal(err)
			}
			keys := parameters.OpenWebhookKeys(config, "/waybill-blue").EncryptedWith(c.key)
			if err := keys.Create(t.Context(), webhook.Key{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, []any{c.want, c.want}); diff != "" {
				t.Errorf("keys, -got +want:\n%s", diff)
			}
		})
	}
}
