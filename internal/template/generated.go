package template

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"time"

	"waybill/internal/fault"
)

// prefix begins the name of every generated variable.
const prefix = "SERVICE_"

// kind is a kind of generated variable.
type kind struct {
	name string
	// secret is whether the value goes into the vault.
	secret bool
	// make returns a random value. It is nil for the kinds whose value follows from the
	// service and its server.
	make func(random io.Reader) (string, error)
}

// The kinds whose value is not random.
const (
	kindURL             = "URL"
	kindFQDN            = "FQDN"
	kindName            = "NAME"
	kindSupabaseAnon    = "SUPABASEANON"
	kindSupabaseService = "SUPABASESERVICE"
)

// jwtPassword signs the tokens of the kinds SUPABASEANON and SUPABASESERVICE.
const jwtPassword = prefix + "PASSWORD_JWT"

// The characters of random values. symbols are ones that mean nothing to a shell between
// double quotes, to a .env file and to YAML between quotes.
const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	symbols = "!#%&()*+,-.:;<=>?@[]^_{|}~"
)

// kinds are the kinds of generated variables, with the lengths that Coolify gives their
// values. A kind that begins with the name of another one comes before it.
func kinds() []kind {
	return []kind{
		{"PASSWORDWITHSYMBOLS_64", true, withSymbols(64)},
		{"PASSWORDWITHSYMBOLS", true, withSymbols(32)},
		{"PASSWORD_64", true, text(letters+digits, 64)},
		{"PASSWORD", true, text(letters+digits, 32)},
		{"BASE64_128", true, text(letters+digits, 128)},
		{"BASE64_64", true, text(letters+digits, 64)},
		{"BASE64_32", true, text(letters+digits, 32)},
		{"BASE64", true, text(letters+digits, 32)},
		{"REALBASE64_128", true, encoded(128)},
		{"REALBASE64_64", true, encoded(64)},
		{"REALBASE64_32", true, encoded(32)},
		{"REALBASE64", true, encoded(32)},
		{"HEX_128", true, hexadecimal(128)},
		{"HEX_64", true, hexadecimal(64)},
		{"HEX_32", true, hexadecimal(32)},
		{kindSupabaseAnon, true, nil},
		{kindSupabaseService, true, nil},
		{"LOWERCASEUSER", false, user(lower)},
		{"USER", false, user(letters)},
		{kindURL, false, nil},
		{kindFQDN, false, nil},
		{kindName, false, nil},
	}
}

// name is the name of a generated variable, in its parts.
type name struct {
	kind kind
	// rest is what the file calls the value: all after the kind.
	rest string
	// id and port are the parts of rest if the kind is URL or FQDN. port may be "".
	id, port string
}

// withPort matches the rest of a URL's name that ends with a port.
var withPort = regexp.MustCompile(`^(.+)_([0-9]{1,5})$`)

// parse reads the name of a variable. It reports false if no value is generated for it.
func parse(variable string) (name, bool) {
	after, found := strings.CutPrefix(variable, prefix)
	if !found {
		return name{}, false
	}
	for _, kind := range kinds() {
		rest, found := strings.CutPrefix(after, kind.name+"_")
		if !found || rest == "" {
			continue
		}
		parsed := name{kind: kind, rest: rest, id: rest}
		if match := withPort.FindStringSubmatch(rest); match != nil {
			parsed.id, parsed.port = match[1], match[2]
		}
		return parsed, true
	}
	return name{}, false
}

// text makes texts of n of the characters, each as likely as any other.
func text(characters string, n int) func(io.Reader) (string, error) {
	return func(random io.Reader) (string, error) {
		// A byte above the last multiple of the number of characters would favour the
		// first ones.
		usable := 256 - 256%len(characters)
		out := make([]byte, 0, n)
		for len(out) < n {
			bytes, err := read(random, n)
			if err != nil {
				return "", err
			}
			for _, b := range bytes {
				if int(b) < usable && len(out) < n {
					out = append(out, characters[int(b)%len(characters)])
				}
			}
		}
		return string(out), nil
	}
}

// withSymbols makes texts that have a letter, a digit and a symbol, because the programs
// that ask for symbols check for them.
func withSymbols(n int) func(io.Reader) (string, error) {
	return func(random io.Reader) (string, error) {
		for {
			password, err := text(letters+digits+symbols, n)(random)
			if err != nil || strings.ContainsAny(password, letters) &&
				strings.ContainsAny(password, digits) && strings.ContainsAny(password, symbols) {
				return password, err
			}
		}
	}
}

// user makes names of 16 letters and digits. The first one is a letter, because many
// programs refuse other names.
func user(letters string) func(io.Reader) (string, error) {
	return func(random io.Reader) (string, error) {
		first, err := text(letters, 1)(random)
		if err != nil {
			return "", err
		}
		rest, err := text(letters+digits, 15)(random)
		return first + rest, err
	}
}

func encoded(n int) func(io.Reader) (string, error) {
	return func(random io.Reader) (string, error) {
		bytes, err := read(random, n)
		return base64.StdEncoding.EncodeToString(bytes), err
	}
}

// hexadecimal makes texts of n digits.
func hexadecimal(n int) func(io.Reader) (string, error) {
	return func(random io.Reader) (string, error) {
		bytes, err := read(random, n/2)
		return hex.EncodeToString(bytes), err
	}
}

func read(random io.Reader, n int) ([]byte, error) {
	bytes := make([]byte, n)
	if _, err := io.ReadFull(random, bytes); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "read random bytes")
	}
	return bytes, nil
}

// token returns a JSON web token for Supabase (RFC 7519, HS256), valid for 100 years.
func token(role, password string, now time.Time) (string, error) {
	encode := func(part any) (string, error) {
		text, err := json.Marshal(part)
		return base64.RawURLEncoding.EncodeToString(text), err
	}
	head, err := encode(map[string]any{"alg": "HS256", "typ": "JWT"})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "encode a token")
	}
	claims, err := encode(map[string]any{
		"iss": "supabase", "role": role, "iat": now.Unix(), "exp": now.AddDate(100, 0, 0).Unix(),
	})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "encode a token")
	}
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(head + "." + claims))
	return head + "." + claims + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}
