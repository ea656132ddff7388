package inspection

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"waybill/internal/aws/outage"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/terminal"
)

// Client is a [catalog.Inspector] that asks the inspect function. It is safe for use by several
// goroutines.
type Client struct {
	client   *lambda.Client
	function string
	keys     catalog.KeyReader
}

var _ catalog.Inspector = (*Client)(nil)

// startTime is how long an invocation may take in addition to the answer: the start of the
// function, and requests to its tables.
const startTime = 3 * time.Second

// Open returns a client of the function with the name. The configuration is one for invocations,
// because a verdict takes longer than the answers of other services. keys reads the host keys
// in answers.
func Open(config aws.Config, function string, keys catalog.KeyReader) *Client {
	return &Client{client: lambda.NewFromConfig(config), function: function, keys: keys}
}

// HostKey asks for a host key of the server.
func (c *Client) HostKey(
	ctx context.Context, server *catalog.Server, login catalog.Login, fingerprint string,
) (catalog.PublicKey, error) {
	login.PrivateKey = "" // it is not needed before the login
	asked := newQuestion(askHostKey, server, login)
	asked.Fingerprint = fingerprint
	found, err := c.ask(ctx, asked)
	if err != nil {
		return catalog.PublicKey{}, err
	}
	key, err := c.keys.PublicKey(found.HostKey)
	if err != nil {
		return catalog.PublicKey{}, fault.Wrap(err, fault.Internal, "%s answered no host key", c.function)
	}
	return key, nil
}

// Login asks whether the private key opens the server.
func (c *Client) Login(ctx context.Context, server *catalog.Server, login catalog.Login) error {
	_, err := c.ask(ctx, newQuestion(askLogin, server, login))
	return err
}

// Usable asks whether the server has the prerequisites of a start, and for its measurement.
func (c *Client) Usable(
	ctx context.Context, server *catalog.Server, login catalog.Login,
) (catalog.Health, error) {
	found, err := c.ask(ctx, newQuestion(askUsable, server, login))
	return found.Health, err
}

// ask invokes the function. [catalog.ErrServer] if the verdict is that the server is unfit.
func (c *Client) ask(ctx context.Context, asked question) (verdict, error) {
	payload, err := json.Marshal(request{asked})
	if err != nil {
		return verdict{}, fault.Wrap(err, fault.Internal, "encode a question about a server")
	}
	limited, cancel := context.WithTimeout(ctx, limits[asked.Ask]+startTime)
	defer cancel()
	answer, err := c.client.Invoke(limited,
		&lambda.InvokeInput{FunctionName: aws.String(c.function), Payload: payload})
	switch {
	case err != nil && (outage.Is(err) || limited.Err() != nil && ctx.Err() == nil):
		return verdict{}, newAwayError(err)
	case err != nil:
		return verdict{}, fault.Wrap(err, fault.Internal, "invoke %s", c.function)
	case answer.FunctionError != nil:
		// The log of the function has the reason. Its text is not to be trusted here.
		return verdict{}, fault.New(fault.Internal, "%s failed", c.function)
	}
	var found verdict
	if err := json.Unmarshal(answer.Payload, &found); err != nil {
		return verdict{}, fault.New(fault.Internal, "%s answered no verdict", c.function)
	}
	switch {
	case found.Away:
		return verdict{}, newAwayError(nil)
	case found.Busy:
		return verdict{}, catalog.NewNoSessionError()
	case found.Unfit != "":
		return verdict{}, catalog.NewServerError("%s", sentence(found.Unfit, asked.secrets()))
	}
	return found, nil
}

func newAwayError(cause error) error {
	return fault.Wrap(cause, fault.Unavailable,
		"The inspection of servers does not answer at present. Try again in a few seconds.")
}

// maxSentence is the most bytes of a verdict's text that are shown.
const maxSentence = 4 << 10

// sentence makes a verdict's text safe to show, whatever the function has become.
func sentence(text string, keys []redact.Secret) string {
	masked := redact.NewMatcher(keys).Text(text)
	if len(masked) > maxSentence {
		masked = strings.ToValidUTF8(masked[:maxSentence], "")
	}
	return terminal.Line(masked)
}
