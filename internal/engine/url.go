package engine

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// URLForm is the form of a connection string. Its parts may have placeholders.
type URLForm struct {
	// Scheme is the scheme, and TLSScheme the one with TLS if it differs.
	Scheme, TLSScheme string
	// User may be empty. Versions before UserFrom have no users.
	User     string
	UserFrom int
	Password string
	// Path is the path without its first slash.
	Path string
	// Query is used with and without TLS.
	Query string
}

// trustedFile is the path at which clients that check the certificate store it.
const trustedFile = "/etc/ssl/certs/waybill-ca.crt"

// Address has the values for a connection string.
type Address struct {
	Host string
	// Port is 0 for the engine's own port.
	Port int
	// Values are all settings by their wire names, the secret ones included.
	Values map[string]string
	// TLS is the TLS mode, or "" without TLS.
	TLS string
	// Image is the whole reference; old versions have another form.
	Image string
}

// URL returns the connection string. User, password and path are percent-encoded.
func (e Engine) URL(at Address) string {
	form := e.Form
	scheme, query := form.Scheme, form.Query
	if at.TLS != "" {
		if form.TLSScheme != "" {
			scheme = form.TLSScheme
		}
		query = strings.Trim(query+"&"+e.TLS.Query[at.TLS], "&")
	}
	user := Fill(form.User, at.Values)
	if major(at.Image) < form.UserFrom {
		user = ""
	}
	port := at.Port
	if port == 0 {
		port = e.PortFor(at.TLS)
	}
	text := scheme + "://" + percent(user) + ":" + percent(Fill(form.Password, at.Values)) +
		"@" + net.JoinHostPort(at.Host, strconv.Itoa(port)) + "/" + percent(Fill(form.Path, at.Values))
	if query != "" {
		text += "?" + query
	}
	return text
}

// percent encodes all but letters, digits and -._~ (RFC 3986, 2.3).
func percent(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
