package account

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxWhole is the largest answer that is read at once. Everything but a chunk
// of a log is smaller.
const maxWhole = 1 << 20

// whole is a client that reads an answer to its end before it hands it on. On
// a busy machine about one answer in a thousand was cut off behind its headers
// ("use of closed network connection"), with aws-sdk-go-v2 1.47.7 and Go 1.26,
// never with this. The SDK then tries again what was done already, and a
// conditional write meets itself.
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
