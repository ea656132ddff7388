package orphans_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/gateway"
	"waybill/internal/aws/orphans"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// client reaches a Lambda whose one function is dispatch with what is given.
func client(t *testing.T,
	page func(context.Context, logbook.Book, bool) ([]logbook.Stored, logbook.Book, error)) *lambda.Client {
	t.Helper()
	function := gateway.New(slog.New(slog.DiscardHandler), gateway.Handlers{Orphans: page})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer, err := function.Invoke(r.Context(), payload)
		if err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer = []byte(`{"errorMessage":"` + err.Error() + `"}`)
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return lambda.New(lambda.Options{Region: "eu-central-1", BaseEndpoint: &server.URL,
		Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
		})})
}

// TestEachReadsAllPages has both sides of the wire.
func TestEachReadsAllPages(t *testing.T) {
	pages := map[logbook.Book][]logbook.Stored{
		"":  {{Book: "a", Objects: 2, Bytes: 7}},
		"b": {{Book: "c", Objects: 1}, {Book: "d"}},
	}
	next := map[logbook.Book]logbook.Book{"": "a", "a": "b"}
	for _, remove := range []bool{false, true} {
		c := client(t, func(_ context.Context, after logbook.Book,
			asked bool) ([]logbook.Stored, logbook.Book, error) {
			if asked != remove {
				t.Errorf("remove: %t, want %t", asked, remove)
			}
			return pages[after], next[after], nil
		})
		var got []orphans.Orphan
		err := orphans.Each(t.Context(), c, "waybill-shop-dispatch", remove,
			func(one orphans.Orphan) { got = append(got, one) })
		want := []orphans.Orphan{{Log: "a", Objects: 2, Bytes: 7}, {Log: "c", Objects: 1}, {Log: "d"}}
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%v (-got +want)\n%s", err, diff)
		}
	}
}

func TestARefusalIsDenied(t *testing.T) {
	c := client(t, func(context.Context, logbook.Book, bool) ([]logbook.Stored, logbook.Book, error) {
		return nil, "", fault.New(fault.Unavailable, "away")
	})
	err := orphans.Each(t.Context(), c, "waybill-shop-dispatch", false, func(orphans.Orphan) {
		t.Error("found an orphan")
	})
	if !errors.Is(err, fault.Denied) {
		t.Errorf("%v, want Denied", err)
	}
}
