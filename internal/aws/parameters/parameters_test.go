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
)

const id = catalog.ID("svc000000000000000000001")

func TestVault(t *testing.T) {
	config := awstest.Session(t).Config()
	catalogtest.TestVault(t, func(t *testing.T) catalog.Vault { return parameters.Open(config, path()) })
}

// path is one that no other test has.
func path() string { return "/waybill/test-" + strings.ToLower(rand.Text()) }

func TestASetIsOneEncryptedParameter(t *testing.T) {
	client, path := ssm.NewFromConfig(awstest.Session(t).Config()), path()
	vault := parameters.New(client, path)
	if err := vault.Put(t.Context(), id, map[string]string{"A": "one", "B": "two"}); err != nil {
		t.Fatal(err)
	}
	found, err := client.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"),
			Option: aws.String("BeginsWith"), Values: []string{path}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Parameters) != 1 {
		t.Fatalf("%d parameters, want one for both secrets", len(found.Parameters))
	}
	one := found.Parameters[0]
	if aws.ToString(one.Name) != path+"/"+string(id) || one.Type != types.ParameterTypeSecureString {
		t.Errorf("%s is a %s, want a SecureString at %s/%s", aws.ToString(one.Name), one.Type, path, id)
	}
}

func TestASetMayShrinkAgain(t *testing.T) {
	vault := parameters.Open(awstest.Session(t).Config(), path())
	for _, size := range []int{10, 6000, 10} {
		if err := vault.Put(t.Context(), id, map[string]string{"A": strings.Repeat("x", size)}); err != nil {
			t.Fatalf("Put of %d bytes: %v", size, err)
		}
		got, err := vault.Get(t.Context(), id)
		if err != nil || len(got["A"]) != size {
			t.Errorf("Get: %d bytes, %v; want %d", len(got["A"]), err, size)
		}
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
	return parameters.Open(awstest.Offline(s), "/waybill/shop")
}

func TestNothingTooLargeIsSent(t *testing.T) {
	s := &service{status: http.StatusOK, body: "{}"}
	exact := strings.Repeat("x", parameters.MaxBytes-len(`{"A":""}`))
	if err := s.vault().Put(t.Context(), id, map[string]string{"A": exact}); err != nil {
		t.Errorf("Put of what just fits: %v", err)
	}
	s.sent = nil
	err := s.vault().Put(t.Context(), id, map[string]string{"A": exact + "x"})
	if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "8193") ||
		!strings.Contains(fault.Public(err), "8192") {
		t.Errorf("Put of a byte more: %v, want Invalid with both sizes", err)
	}
	t.Run("the largest is named", func(t *testing.T) {
		key := strings.Repeat("k", 5000)
		err := s.vault().Put(t.Context(), id, map[string]string{"PASSWORD": "short",
			catalog.TLSKeySecret: key, "TOKEN": strings.Repeat("t", 4000)})
		says := fault.Public(err)
		if !errors.Is(err, fault.Invalid) || !strings.Contains(says, "TLS_KEY with 5000 bytes") ||
			strings.Contains(err.Error(), "kkk") {
			t.Errorf("Put says %q, want the name and size of the largest and no value", says)
		}
	})
	if s.sent != nil {
		t.Error("what is too large was sent all the same")
	}
}

func TestNoValueLooksLikeAReference(t *testing.T) {
	s := &service{status: http.StatusOK, body: "{}"}
	secrets := map[string]string{"TEMPLATE": "{{{ .Name }}} {{ssm:other}}", "}}": "{{"}
	if err := s.vault().Put(t.Context(), id, secrets); err != nil {
		t.Fatal(err)
	}
	var sent struct{ Value string }
	if err := json.Unmarshal(s.sent, &sent); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sent.Value, "{{") || strings.Contains(sent.Value, "}}") {
		t.Errorf("%s would be refused by the service", sent.Value)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(sent.Value), &back); err != nil ||
		back["TEMPLATE"] != secrets["TEMPLATE"] || back["}}"] != "{{" {
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
		"broken":  {status: 500, body: `<html>` + secret + `</html>`},
		"garbled": {status: 200, body: `{"Parameter":{"Value":"` + secret + `"}}`},
		"network": {err: errors.New("write " + secret + ": broken pipe")},
	} {
		t.Run(name, func(t *testing.T) {
			_, errGet := s.vault().Get(t.Context(), id)
			errPut := s.vault().Put(t.Context(), id, map[string]string{"PASSWORD": secret})
			errDelete := s.vault().Delete(t.Context(), id)
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
