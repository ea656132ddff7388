package account

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxWhole is the largest answer that is read at once. Only chunks of a log may be
// larger.
const maxWhole = 1 << 20

// whole is a client that reads an answer completely before it returns it. Without it,
// on a busy machine, about one answer in a thousand ended after its headers ("use of
// closed network connection"; aws-sdk-go-v2 1.47.7, Go 1.26). The SDK then repeats a
// call that has succeeded, and a conditional write fails because of itself.
type whole struct{ client aws.HTTPClient }

// Do sends the request and returns an answer that needs no connection.
func (w whole) Do(request *http.Request) (*http.Response, error) {
	answer, err := w.client.Do(request)
	if err != nil || answer.ContentLength > maxWhole {
		return answer, err
	}
	text, err := io.ReadAll(answer.Body)
	if closing := answer.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, nil
}
