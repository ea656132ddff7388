// Package document has the description of the API for its readers, made from
// openapi.yaml: the whole OpenAPI document as JSON.
package document

import _ "embed"

// JSON is the whole document as JSON.
//
//go:embed openapi.json
var JSON []byte
