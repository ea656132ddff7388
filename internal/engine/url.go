package engine

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// URLForm is how a connection string is made. Its parts may have holes.
type URLForm struct {
	// Scheme comes first, TLSScheme with TLS, if that has another.
	Scheme, TLSScheme string
	// User may be empty. Versions before UserFrom have none.
	User     string
	UserFrom int
	Password string
	// Path is behind the host, without its slash.
	Path string
	// Query is there with and without TLS.
	Query string
}

// trustedFile is where a client that checks the certificate is to keep it.
const trustedFile = "/etc/ssl/certs/waybill-ca.crt"

// Address is where a database is reached, and as whom.
type Address struct {
	Host string
	// Port is 0 for the engine's own.
	Port int
	// Values are all settings by their wire names, secret ones included.
	Values map[string]string
	// TLS is the mode, "" for none.
	TLS string
	// Image is the whole reference; the forms of old versions differ.
	Image string
}

// URL is the connection string. User, password and path are percent-encoded.
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
