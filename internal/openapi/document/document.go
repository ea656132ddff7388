// Package document has the description of the API for its readers, made from
// openapi.yaml: the whole OpenAPI document as JSON, and the page that shows it.
package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// JSON is the whole document as JSON.
//
//go:embed openapi.json
var JSON []byte

// Page is the page that shows the document. It has its only style inside and no script,
// and its only link to another place leads to the document.
//
//go:embed docs.html
var Page []byte

// PagePolicy returns the Content-Security-Policy of [Page]: the browser applies the page's
// own style, and loads and runs nothing.
func PagePolicy() string {
	_, rest, _ := bytes.Cut(Page, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
