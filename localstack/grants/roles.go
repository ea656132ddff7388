// Package grants takes each right of a role away and tells which of the calls that were really
// made it would then be refused. The end-to-end tests make the calls, MiniStack records them, and
// MiniStack's own evaluator of policies decides.
package grants

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"waybill/internal/aws/rawcall"
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
func Roles(ctx context.Context, admin rawcall.Caller) (Policies, error) {
	var listed struct {
		Names []string `xml:"ListRolesResult>Roles>member>RoleName"`
	}
	if err := ask(ctx, admin, &listed, "ListRoles", "MaxItems", "1000"); err != nil {
		return nil, err
	}
	roles := Policies{}
	for _, role := range listed.Names {
		var policies struct {
			Names []string `xml:"ListRolePoliciesResult>PolicyNames>member"`
		}
		if err := ask(ctx, admin, &policies, "ListRolePolicies", "RoleName", role); err != nil {
			return nil, err
		}
		for _, policy := range policies.Names {
			var got struct {
				Document string `xml:"GetRolePolicyResult>PolicyDocument"`
			}
			err := ask(ctx, admin, &got, "GetRolePolicy", "RoleName", role, "PolicyName", policy)
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
func ask(ctx context.Context, as rawcall.Caller, out any, action string, parameters ...string) error {
	form, service := url.Values{"Action": {action}, "Version": {"2010-05-08"}}, "iam"
	if action == "AssumeRole" {
		form, service = url.Values{"Action": {action}, "Version": {"2011-06-15"}}, "sts"
	}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	status, body, err := as.Send(ctx, rawcall.Request{Service: service, Method: http.MethodPost, Path: "/",
		Type: formType, Body: form.Encode()})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d: %s", action, status, body)
	}
	if out == nil {
		return nil
	}
	return xml.Unmarshal(body, out)
}

const formType = "application/x-www-form-urlencoded"
