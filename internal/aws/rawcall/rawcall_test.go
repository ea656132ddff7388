package rawcall_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/rawcall"
)

func TestARequestIsSentAsItIs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		signature := r.Header.Get("Authorization")
		if !strings.Contains(signature, "Credential=other/") ||
			!strings.Contains(signature, "/eu-central-1/sqs/aws4_request") ||
			r.Header.Get("X-Amz-Security-Token") != "token" {
			t.Errorf("signed as %q", signature)
		}
		if r.Method != http.MethodPost || r.URL.RequestURI() != "/a?b=c" ||
			r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" || string(body) != "{}" {
			t.Errorf("%s %s %q", r.Method, r.URL, body)
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "no")
	}))
	defer server.Close()
	config := awstest.Offline(nil)
	config.BaseEndpoint = &server.URL
	status, body, err := rawcall.New(config).As("other", "secret", "token").Send(t.Context(), rawcall.Request{
		Service: "sqs", Method: http.MethodPost, Path: "/a?b=c", Target: "AmazonSQS.SendMessage", Body: "{}",
	})
	if err != nil || status != http.StatusForbidden || string(body) != "no" {
		t.Errorf("answer %d %q, %v", status, body, err)
	}
}
