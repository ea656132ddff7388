package recipe

import (
	"context"
	"encoding/json"

	"waybill/internal/catalog"
)

// WithEnvironment is for tests that send a compose file of their own.
var WithEnvironment = withEnvironment

// Models returns the two forms of a compose file that the policy judges, as docker
// compose would write them.
func Models(ctx context.Context, text string, values map[string]string) (written, resolved []byte, _ error) {
	read, err := readCompose(ctx, &catalog.Service{Compose: text}, values, strict)
	if err != nil {
		return nil, nil, err
	}
	forms := make([][]byte, 2)
	for i, model := range []func() (map[string]any, error){
		func() (map[string]any, error) { return writtenModel(ctx, text) },
		func() (map[string]any, error) { return resolvedModel(read.project) },
	} {
		form, err := model()
		if err != nil {
			return nil, nil, err
		}
		if forms[i], err = json.MarshalIndent(form, "", "  "); err != nil {
			return nil, nil, err
		}
	}
	return forms[0], forms[1], nil
}

// PolicyPaths are the paths of the policy's rules.
func PolicyPaths() []string {
	var paths []string
	for _, r := range policyRules() {
		paths = append(paths, r.path)
	}
	return paths
}
