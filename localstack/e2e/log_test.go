package e2e_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// TestALogIsSearched asks as a browser does, so that the answer is compressed.
func TestALogIsSearched(t *testing.T) {
	w := stack(t)
	record, entries := w.deploy(t, w.shell(t, w.server(t), `seq -f "line %g of the output" 1 20000`))
	wantStatus(t, record, entries, "finished", "")
	for _, c := range []struct {
		query url.Values
		want  string
		zips  bool
	}{
		{url.Values{"q": {"line 1234 "}, "context": {"1"}}, "[line 1233 line 1234 line 1235] 1", false},
		{url.Values{"q": {"^line (7|20000) "}, "regex": {"true"}}, "[line 7 line 20000] 2", false},
		{url.Values{"q": {"line 19"}, "after": {"-60"}, "found": {"3"}, "stream": {"stderr"},
			"since": {"2026-01-02T03:04:05Z"}}, "[] 3", false},
		{url.Values{"q": {"0 of the output"}, "limit": {"20"}}, "20 lines", true},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			w.url+"/api/v1/deployments/"+record.DeploymentUUID+"/logs?"+c.query.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+w.token)
		request.Header.Set("Accept", "*/*")
		request.Header.Set("Accept-Encoding", "gzip")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, zipped, err := readSearch(answer)
		if err != nil || got != c.want || zipped != c.zips {
			t.Errorf("%v: %s, compressed %v, %v; want %s", c.query, got, zipped, err, c.want)
		}
	}
}

// readSearch returns the lines and the total of an answer, and whether it was compressed.
func readSearch(answer *http.Response) (string, bool, error) {
	defer answer.Body.Close()
	body, zipped := answer.Body, answer.Header.Get("Content-Encoding") == "gzip"
	if zipped {
		zip, err := gzip.NewReader(answer.Body)
		if err != nil {
			return "", zipped, err
		}
		body = zip
	}
	var page struct {
		Entries []struct{ Output string }
		Total   int
	}
	if err := json.NewDecoder(body).Decode(&page); err != nil {
		return "", zipped, err
	}
	lines := []string{}
	for _, entry := range page.Entries {
		var n int
		if _, err := fmt.Sscanf(entry.Output, "line %d of", &n); err != nil {
			return "", zipped, fmt.Errorf("%q: %w", entry.Output, err)
		}
		lines = append(lines, fmt.Sprint("line ", n))
	}
	if len(lines) > 5 {
		return fmt.Sprintf("%d lines", len(lines)), zipped, nil
	}
	return fmt.Sprintf("%v %d", lines, page.Total), zipped, nil
}
