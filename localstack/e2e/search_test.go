package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// forms returns texts that would reveal a secret.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	all := []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(secret)),
	}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		// The first and last characters depend on the bytes around the secret.
		all = append(all, encoded[4:len(encoded)-4])
	}
	return all
}

// search looks for a text in every object, every table item and all logs of the
// emulator. It returns each place with the text around the hit.
func (w *world) search(t *testing.T, text string) map[string]string {
	t.Helper()
	found := map[string]string{}
	look := func(place string, content []byte) {
		if i := bytes.Index(content, []byte(text)); i >= 0 {
			found[place] = string(content[max(0, i-40):min(len(content), i+len(text)+40)])
		}
	}
	w.eachKept(t, look)
	return found
}

// eachKept calls look with everything that Waybill keeps, and with the emulator's
// logs.
func (w *world) eachKept(t *testing.T, look func(place string, content []byte)) {
	t.Helper()
	w.eachObject(t, look)
	w.eachItem(t, look)
	for _, file := range w.cloud.Logs() {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		look(file, content)
	}
}

func (w *world) eachObject(t *testing.T, look func(string, []byte)) {
	t.Helper()
	client := w.cloud.Session().S3()
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: aws.String(w.cloud.Outputs().LogBucket),
	})
	objects := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			got, err := client.GetObject(t.Context(), &s3.GetObjectInput{
				Bucket: aws.String(w.cloud.Outputs().LogBucket), Key: object.Key,
			})
			if err != nil {
				t.Fatal(err)
			}
			stored, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			look("object "+*object.Key, plain(stored))
			look("metadata of "+*object.Key, fmt.Append(nil, got.Metadata))
			objects++
		}
	}
	if objects == 0 {
		t.Error("the search found no object at all: it looks in the wrong place")
	}
}

// plain unpacks gzip and returns anything else unchanged.
func plain(stored []byte) []byte {
	unzip, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return stored
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		return stored
	}
	return text
}

func (w *world) eachItem(t *testing.T, look func(string, []byte)) {
	t.Helper()
	client := w.cloud.Session().DynamoDB()
	tables, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	items := 0
	for _, table := range tables.TableNames {
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(table)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				encoded, err := json.Marshal(item)
				if err != nil {
					t.Fatal(err)
				}
				look("item of "+table, encoded)
				items++
			}
		}
	}
	if items == 0 {
		t.Error("the search found no item at all: it looks in the wrong place")
	}
}
