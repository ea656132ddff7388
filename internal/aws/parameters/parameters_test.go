package parameters_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/parameters"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/fault"
	"waybill/internal/webhook"
	"waybill/internal/webhook/webhooktest"
)

const (
	id         = catalog.ID("svc000000000000000000001")
	generation = catalog.Generation("01h4mm4d07gaaaaa")
)

// values is a set of secrets, given as names and values in turn.
func values(pairs ...string) catalog.Secrets {
	set := catalog.Secrets{Values: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		set.Values[pairs[i]] = pairs[i+1]
	}
	return set
}

func TestVault(t *testing.T) {
	config := awstest.Session(t).Config()
	catalogtest.TestVault(t, func(t *testing.T) catalog.Vault { return parameters.Open(config, path()) })
}

// path is one that no other test has.
func path() string { return "/waybill-test-" + strings.ToLower(rand.Text()) }

// stored lists the parameters below the path.
func stored(t *testing.T, client *ssm.Client, path string) []types.ParameterMetadata {
	t.Helper()
	found, err := client.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"),
			Option: aws.String("BeginsWith"), Values: []string{path}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.Parameters
}

func TestASetIsOneEncryptedParameterByPurpose(t *testing.T) {
	client := ssm.NewFromConfig(awstest.Session(t).Config())
	for id, purpose := range map[catalog.ID]string{
		id:                         "resources",
		"app000000000000000000001": "resources",
		"dbs000000000000000000001": "resources",
		"key000000000000000000001": "keys",
	} {
		path := path()
		vault := parameters.New(client, path)
		if err := vault.Put(t.Context(), id, generation, values("A", "one", "B", "two")); err != nil {
			t.Fatal(err)
		}
		found := stored(t, client, path)
		if len(found) != 1 {
			t.Fatalf("%d parameters, want one for both secrets", len(found))
		}
		want := path + "/" + purpose + "/" + string(id) + "/" + string(generation) + "/1"
		name, kind := aws.ToString(found[0].Name), found[0].Type
		if name != want || kind != types.ParameterTypeSecureString {
			t.Errorf("%s is a %s, want a SecureString at %s", name, kind, want)
		}
	}
}

// TestALargeSetIsSeveralParameters uses the free tier, whose parameters hold 4 KB.
func TestALargeSetIsSeveralParameters(t *testing.T) {
	client, path := ssm.NewFromConfig(awstest.Session(t).Config()), path()
	vault := parameters.New(client, path)
	large := values("A", strings.Repeat("x", 9000))
	if err := vault.Put(t.Context(), id, generation, large); err != nil {
		t.Fatal(err)
	}
	found := stored(t, client, path)
	if len(found) != 3 {
		t.Errorf("%d parameters, want 3 of 4 KB", len(found))
	}
	for _, one := range found {
		if one.Tier != types.ParameterTierStandard {
			t.Errorf("%s is in the tier %s, want the free one", aws.ToString(one.Name), one.Tier)
		}
	}
	// A deletion that failed in the middle is repeated.
	first := path + "/resources/" + string(id) + "/" + string(generation) + "/1"
	if _, err := client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &first}); err != nil {
		t.Fatal(err)
	}
	if err := vault.Delete(t.Context(), id, generation); err != nil {
		t.Fatal(err)
	}
	if left := stored(t, client, path); len(left) != 0 {
		t.Errorf("%d parameters are left", len(left))
	}
}

// service is a parameter store that answers every call alike.
type service struct {
	status int
	body   string
	err    error
	// sent is the last call's body.
	sent []byte
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	s.sent, _ = io.ReadAll(r.Body)
	if s.err != nil {
		return nil, s.err
	}
	return awstest.Answer(r, s.status, awstest.JSON11, s.body), nil
}

func (s *service) vault() *parameters.Vault {
	return parameters.Open(awstest.Offline(s), "/waybill-shop")
}

func TestNoValueLooksLikeAReference(t *testing.T) {
	s := &service{status: http.StatusOK, body: "{}"}
	secrets := map[string]string{"TEMPLATE": "{{{ .Name }}} {{ssm:other}}", "}}": "{{"}
	if err := s.vault().Put(t.Context(), id, generation, catalog.Secrets{Values: secrets}); err != nil {
		t.Fatal(err)
	}
	var sent struct{ Value string }
	if err := json.Unmarshal(s.sent, &sent); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sent.Value, "{{") || strings.Contains(sent.Value, "}}") {
		t.Errorf("%s would be refused by the service", sent.Value)
	}
	_, text, _ := strings.Cut(sent.Value, "\n")
	back, err := catalog.DecodeSecrets([]byte(text))
	if err != nil || back.Values["TEMPLATE"] != secrets["TEMPLATE"] || back.Values["}}"] != "{{" {
		t.Errorf("%s reads back as %v, %v", sent.Value, back, err)
	}
}

// TestNoErrorHasAValue lets the service repeat what it was sent, as AWS's does
// in its validation errors.
func TestNoErrorHasAValue(t *testing.T) {
	const secret = "correct-horse-battery-staple"
	kinds := map[string]fault.Kind{"broken": fault.Unavailable, "network": fault.Unavailable}
	for name, s := range map[string]*service{
		"refused": {status: 400, body: `{"__type":"ValidationException","message":"Value '` + secret +
			`' at 'value' failed"}`},
		"broken": {status: 500, body: `<html>` + secret + `</html>`},
		"garbled": {status: 200, body: `{"Parameters":[{"Name":"/waybill-shop/resources/` + string(id) + "/" +
			string(generation) + `/1","Value":"1\n` + secret + `"}]}`},
		"network": {err: errors.New("write " + secret + ": broken pipe")},
	} {
		t.Run(name, func(t *testing.T) {
			_, errGet := s.vault().Get(t.Context(), id, generation)
			errPut := s.vault().Put(t.Context(), id, generation, values("PASSWORD", secret))
			errDelete := s.vault().Delete(t.Context(), id, generation)
			for call, err := range map[string]error{"Get": errGet, "Put": errPut, "Delete": errDelete} {
				if err == nil && name == "garbled" && call != "Get" {
					continue // these look at no value
				}
				if err == nil || fault.KindOf(err) != kinds[name] {
					t.Errorf("%s: kind %v, want %v", call, fault.KindOf(err), kinds[name])
					continue
				}
				if bytes.Contains([]byte(err.Error()), []byte(secret)) {
					t.Errorf("the error of %s quotes the secret", call)
				}
			}
			if name == "refused" && !strings.Contains(errPut.Error(), "ValidationException") {
				t.Errorf("%q does not say what the service said", errPut)
			}
		})
	}
}

func TestWebhookKeys(t *testing.T) {
	config := awstest.Session(t).Config()
	webhooktest.TestKeys(t, func(*testing.T) webhook.Keys {
		return parameters.OpenWebhookKeys(config,
			path())
	})
}

func TestTheKeyOfWebhooksIsOneEncryptedParameter(t *testing.T) {
	config, path := awstest.Session(t).Config(), path()
	if _, err := webhook.Ensure(t.Context(), parameters.OpenWebhookKeys(config, path),
		rand.Reader); err != nil {
		t.Fatal(err)
	}
	found := stored(t, ssm.NewFromConfig(config), path)
	if len(found) != 1 || aws.ToString(found[0].Name) != path+"/webhooks/key" ||
		found[0].Type != types.ParameterTypeSecureString || found[0].Tier != types.ParameterTierStandard {
		t.Errorf("%+v is not one encrypted parameter of the free tier", found)
	}
}

// TestADamagedKeyIsNotQuoted has a parameter that an operator has overwritten.
func TestADamagedKeyIsNotQuoted(t *testing.T) {
	s := &service{status: http.StatusOK,
		body: `{"Parameters":[{"Name":"/waybill-shop/webhooks/key","Value":"hunter2"}]}`}
	_, err := parameters.OpenWebhookKeys(awstest.Offline(s), "/waybill-shop").Load(t.Context())
	if !errors.Is(err, fault.Internal) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Load = %v, want Internal without the value", err)
	}
}

func TestTheHeadersOfTracesAreOneParameter(t *testing.T) {
	config, path := awstest.Session(t).Config(), path()
	headers := parameters.OpenTraceHeaders(config, path)
	if got, err := headers.Load(t.Context()); got != "" || err != nil {
		t.Errorf("Load without the parameter = %q, %v", got, err)
	}
	const value = "authorization=Bearer%20hunter2"
	if _, err := ssm.NewFromConfig(config).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(path + "/tracing/headers"), Type: types.ParameterTypeSecureString,
		Value: aws.String(value)}); err != nil {
		t.Fatal(err)
	}
	if got, err := headers.Load(t.Context()); got != value || err != nil {
		t.Errorf("Load = %q, %v, want what the operator has written", got, err)
	}
}
