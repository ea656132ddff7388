// Package grants takes each right of a role away and tells which of the calls that were really
// made it would then be refused. The end-to-end tests make the calls, MiniStack records them, and
// MiniStack's own evaluator of policies decides.
package grants

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The files of a recording.
const (
	callsFile = "calls.jsonl"
	rolesFile = "roles.json"
)

// Policies are the policy documents of roles, as JSON, by the role's name.
type Policies map[string][]json.RawMessage

// Begin empties the folder of a recording, and returns the file for its calls.
func Begin(folder string) (string, error) {
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	return filepath.Join(folder, callsFile), os.MkdirAll(folder, 0o700)
}

// Save saves the roles' policies in the folder of a recording.
func Save(folder string, roles Policies) error {
	text, err := json.MarshalIndent(roles, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, rolesFile), text, 0o600)
}

// Roles reads the inline policies of every role of the account.
func Roles(ctx context.Context, config aws.Config) (Policies, error) {
	var listed struct {
		Names []string `xml:"ListRolesResult>Roles>member>RoleName"`
	}
	if err := ask(ctx, config, &listed, "ListRoles", "MaxItems", "1000"); err != nil {
		return nil, err
	}
	roles := Policies{}
	for _, role := range listed.Names {
		var policies struct {
			Names []string `xml:"ListRolePoliciesResult>PolicyNames>member"`
		}
		if err := ask(ctx, config, &policies, "ListRolePolicies", "RoleName", role); err != nil {
			return nil, err
		}
		for _, policy := range policies.Names {
			var got struct {
				Document string `xml:"GetRolePolicyResult>PolicyDocument"`
			}
			err := ask(ctx, config, &got, "GetRolePolicy", "RoleName", role, "PolicyName", policy)
			if err != nil {
				return nil, err
			}
			text, err := url.PathUnescape(got.Document)
			if err != nil {
				return nil, err
			}
			roles[role] = append(roles[role], json.RawMessage(text))
		}
	}
	return roles, nil
}

// ask sends a request to IAM or STS of an emulator, and decodes the answer into out unless out is
// nil. The parameters are names and values in turn.
func ask(ctx context.Context, config aws.Config, out any, action string, parameters ...string) error {
	form, service := url.Values{"Action": {action}, "Version": {"2010-05-08"}}, "iam"
	if action == "AssumeRole" {
		form, service = url.Values{"Action": {action}, "Version": {"2011-06-15"}}, "sts"
	}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, aws.ToString(config.BaseEndpoint)+"/",
		strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := sign(ctx, request, form.Encode(), credentials, service, config.Region); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", action, answer.Status, body)
	}
	if out == nil {
		return nil
	}
	return xml.Unmarshal(body, out)
}

// sign adds the signature of AWS to a request with the body.
func sign(ctx context.Context, request *http.Request, body string, credentials aws.Credentials,
	service, region string) error {
	digest := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(digest[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	return v4.NewSigner().SignHTTP(ctx, credentials, request, hash, service, region, time.Now())
}
