package account_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/aws/account"
	"waybill/internal/settings"
)

func TestAnswersAreReadWhole(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 300<<10))
	}))
	defer server.Close()
	aws, err := account.New(settings.New(func(name string) (string, bool) { return "x", true }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := aws.Config().HTTPClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	server.CloseClientConnections()
	text, err := io.ReadAll(answer.Body)
	if err != nil || len(text) != 300<<10 {
		t.Errorf("%d bytes (%v) after the connection was closed, want all", len(text), err)
	}
}
