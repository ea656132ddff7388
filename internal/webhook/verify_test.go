package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/webhook"
)

const resource = catalog.ID("app000000000000000000001")

var (
	testKey = webhook.Key{1, 2, 3}
	now     = time.Unix(1_700_000_000, 0)
)

func headers(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Set(pairs[i], pairs[i+1])
	}
	return header
}

// hexMAC is the signature as the documentation of the forges says, without the package.
func hexMAC(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// standardly signs as a sender of Standard Webhooks does, from the text of the secret.
func standardly(t *testing.T, secret, id, body string, at time.Time) http.Header {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return headers("webhook-id", id, "webhook-signature", signature,
		"webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
}

func TestTheSignatureOfEachForge(t *testing.T) {
	const body = `{"ref":"refs/heads/main"}`
	secret := testKey.Secret(resource, 1)
	text := secret.Text()
	mac, foreign := hexMAC(text, body), hexMAC("another", body)
	for _, c := range []struct {
		name     string
		provider webhook.Provider
		header   http.Header
		want     bool
	}{
		{"GitHub", webhook.GitHub, headers("X-Hub-Signature-256", "sha256="+mac), true},
		{"GitHub, another secret", webhook.GitHub, headers("X-Hub-Signature-256", "sha256="+foreign), false},
		{"GitHub, without its prefix", webhook.GitHub, headers("X-Hub-Signature-256", mac), false},
		{"GitHub, SHA-1", webhook.GitHub, headers("X-Hub-Signature", "sha1="+mac[:40]), false},
		{"GitHub, cut", webhook.GitHub, headers("X-Hub-Signature-256", "sha256="+mac[:63]), false},
		{"GitHub, nothing", webhook.GitHub, headers(), false},
		{"GitHub, only the prefix", webhook.GitHub, headers("X-Hub-Signature-256", "sha256="), false},
		{"Bitbucket", webhook.Bitbucket, headers("X-Hub-Signature", "sha256="+mac), true},
		{"Bitbucket, another secret", webhook.Bitbucket, headers("X-Hub-Signature", "sha256="+foreign),
			false},
		{"Bitbucket, GitHub's header", webhook.Bitbucket, headers("X-Hub-Signature-256", "sha256="+mac),
			false},
		{"Gitea", webhook.Gitea, headers("X-Gitea-Signature", mac), true},
		{"Gitea, another secret", webhook.Gitea, headers("X-Gitea-Signature", foreign), false},
		{"Forgejo", webhook.Gitea, headers("X-Forgejo-Signature", mac, "X-Gitea-Signature", mac), true},
		{"Forgejo, its own is wrong", webhook.Gitea,
			headers("X-Forgejo-Signature", foreign, "X-Gitea-Signature", mac), false},
		{"GitLab, the token", webhook.GitLab, headers("X-Gitlab-Token", text), true},
		{"GitLab, another token", webhook.GitLab, headers("X-Gitlab-Token", text[:len(text)-2]+"A="), false},
		{"GitLab, no token", webhook.GitLab, headers(), false},
		{"GitLab, signed", webhook.GitLab, standardly(t, text, "a", body, now), true},
		{"an unknown provider", "cvs", headers("X-Hub-Signature-256", "sha256="+mac), false},
	} {
		if got := webhook.Verify(c.provider, secret, c.header, []byte(body), now); got != c.want {
			t.Errorf("%s: verified is %v, want %v", c.name, got, c.want)
		}
		changed := webhook.Verify(c.provider, secret, c.header, []byte(body+" "), now)
		if changed != (c.want && c.name == "GitLab, the token") { // a token says nothing of the body
			t.Errorf("%s, with another body: verified is %v", c.name, changed)
		}
	}
	// With a signing token, the plain token does not count.
	both := standardly(t, testKey.Secret(resource, 2).Text(), "a", body, now)
	both.Set("X-Gitlab-Token", text)
	if webhook.Verify(webhook.GitLab, secret, both, []byte(body), now) {
		t.Error("a token made up for a wrong signature")
	}
}

// TestStandardWebhooks signs with the library from the text of the secret, as a sender does.
func TestStandardWebhooks(t *testing.T) {
	const body = `{"type":"released"}`
	secret := testKey.Secret(resource, 1)
	for name, c := range map[string]struct {
		late time.Duration
		want bool
	}{
		"now":             {0, true},
		"nearly too late": {5*time.Minute - time.Second, true},
		"too late":        {5*time.Minute + time.Second, false},
		"nearly too soon": {-5*time.Minute + time.Second, true},
		"too soon":        {-5*time.Minute - time.Second, false},
		"a day old":       {24 * time.Hour, false},
	} {
		header := standardly(t, secret.Text(), "msg_1", body, now)
		got := webhook.Verify(webhook.Generic, secret, header, []byte(body), now.Add(c.late))
		if got != c.want {
			t.Errorf("%s: verified is %v, want %v", name, got, c.want)
		}
	}
	for name, change := range map[string]func(http.Header){
		"another id":   func(h http.Header) { h.Set("webhook-id", "msg_2") },
		"no id":        func(h http.Header) { h.Del("webhook-id") },
		"another time": func(h http.Header) { h.Set("webhook-timestamp", "1700000001") },
		"no time":      func(h http.Header) { h.Set("webhook-timestamp", "soon") },
		"no signature": func(h http.Header) { h.Del("webhook-signature") },
		"version 2": func(h http.Header) {
			h.Set("webhook-signature",
				"v2"+h.Get("webhook-signature")[2:])
		},
		"half of it":  func(h http.Header) { h.Set("webhook-signature", h.Get("webhook-signature")[:20]) },
		"only commas": func(h http.Header) { h.Set("webhook-signature", ",,,, v1 v1,") },
		"empty version": func(h http.Header) {
			h.Set("webhook-signature",
				","+h.Get("webhook-signature")[3:])
		},
	} {
		header := standardly(t, secret.Text(), "msg_1", body, now)
		change(header)
		if webhook.Verify(webhook.Generic, secret, header, []byte(body), now) {
			t.Errorf("%s: verified", name)
		}
	}
	// While a sender changes its secret, it sends both signatures.
	header := standardly(t, secret.Text(), "msg_1", body, now)
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" "+
		header.Get("webhook-signature"))
	if !webhook.Verify(webhook.Generic, secret, header, []byte(body), now) {
		t.Error("the second of two signatures does not count")
	}
}

func TestEachResourceAndGenerationHasASecretOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []webhook.Key{testKey, {9}} {
		for _, id := range []catalog.ID{resource, "app000000000000000000002", ""} {
			for _, generation := range []int{0, 1, 2, 256} {
				text := key.Secret(id, generation).Text()
				if seen[text] {
					t.Errorf("%s is there twice", text)
				}
				seen[text] = true
			}
		}
	}
	text := testKey.Secret(resource, 1).Text()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(raw) != 32 || !strings.HasPrefix(text, "whsec_") {
		t.Errorf("%s is not a secret of Standard Webhooks", text)
	}
	// A secret that was given out must stay valid in later releases.
	if want := "whsec_5q+9vmpOamfWRpx/p1Om+1mTFpCEh8j9t6BjART2jU0="; text != want {
		t.Errorf("the derivation has changed: %s, want %s", text, want)
	}
}

func TestAKeyIsStoredAsText(t *testing.T) {
	key, err := webhook.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := webhook.ParseKey(key.Text()); err != nil || back != key {
		t.Errorf("reads back as %v, %v", back, err)
	}
	for _, text := range []string{"", "x", key.Text()[4:], "hunter2-" + key.Text()} {
		if _, err := webhook.ParseKey(text); !errors.Is(err, fault.Internal) ||
			text != "" && text != "x" && strings.Contains(err.Error(), text) {
			t.Errorf("ParseKey(%q) = %v, want Internal without the text", text, err)
		}
	}
	if _, err := webhook.NewKey(iotest.ErrReader(errors.New("broken"))); !errors.Is(err, fault.Internal) {
		t.Errorf("NewKey without random bytes = %v, want Internal", err)
	}
}

func TestADeliveryHasOneID(t *testing.T) {
	id := func(p webhook.Provider, of catalog.ID, body string, pairs ...string) string {
		return webhook.DeliveryID(p, of, headers(pairs...), []byte(body))
	}
	push := id(webhook.GitHub, resource, "{}", "X-GitHub-Delivery", "1")
	if again := id(webhook.GitHub, resource, "{}", "X-GitHub-Delivery", "2"); again != push {
		t.Errorf("a copy has the id %s, want %s: the delivery's own is not signed", again, push)
	}
	if other := id(webhook.GitHub, resource, "{ }"); other == push {
		t.Error("another body has the same id")
	}
	if other := id(webhook.GitHub, "app000000000000000000002", "{}"); other == push {
		t.Error("another resource has the same id")
	}
	hook := id(webhook.Generic, resource, "{}", "webhook-id", "a")
	if again := id(webhook.Generic, resource, "{ }", "webhook-id", "a"); again != hook {
		t.Errorf("a repeat has the id %s, want %s", again, hook)
	}
	if other := id(webhook.Generic, resource, "{}", "webhook-id", "b"); other == hook {
		t.Error("another message has the same id")
	}
	if pushes := id(webhook.GitLab, resource, "{}"); pushes == id(webhook.GitLab, resource, "{ }") {
		t.Error("two bodies of GitLab have one id")
	}
	if signed := id(webhook.GitLab, resource, "{}", "webhook-id", "a", "webhook-signature",
		"v1,x"); signed != hook {
		t.Errorf("a signed delivery of GitLab has the id %s, want its own: %s", signed, hook)
	}
	if !strings.HasPrefix(hook, string(resource)+"/") || len(hook) != 24+1+64 {
		t.Errorf("%s is not the resource and a digest", hook)
	}
}
