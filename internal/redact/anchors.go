package redact

import (
	"strings"
	"sync"
)

// A pattern finds a secret that nobody has registered, by what stands before
// it or by how it begins. Each has an anchor: a few bytes that are rare enough
// in logs to be searched for together with the needles, at no cost. Only where
// an anchor is does anything look at the rest of the line; see inspector.
//
// The scanner knows the grams of an anchor as it does those of a needle, so an
// anchor must have as many bytes as make the stride. What is shorter ("ghp_")
// takes a byte of its surroundings along: the byte before, which then must be
// one of a set, or the byte behind, likewise.
//
// Anchors are spelt exactly; there is a list of spellings, not a comparison
// without case. A log that has "pAsSwOrD=" in it is not masked for that.

// anchorStride is the stride that the anchors allow, and anchorWindow how many
// bytes of an anchor that takes.
const (
	anchorStride = 4
	anchorWindow = anchorStride + gramBytes - 1
)

// Sets of bytes around an anchor.
const (
	digits   = "0123456789"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	smalls   = "abcdefghijklmnopqrstuvwxyz"
	alnum    = digits + capitals + smalls
	wordlike = alnum + "_-"
	base32   = capitals + "234567"
	// boundary is what may stand before a token.
	boundary = "\n\r\t \"'`=:/,;@()[]{}<>|&?+!#$%*.\\^~"
	// assigns is what may stand between a key and its value, or around a key.
	assigns = "=:\"' \t\\])|>"
)

// anchor is one spelling of one anchor.
type anchor struct {
	text  string
	left  string // what must stand before it, if not empty
	right string // what must stand behind it, if not empty
	kind  kind
	// least is how many bytes must follow in a token, the text not counted.
	least int
}

// kind says which function looks at what follows the anchor.
type kind uint8

const (
	kindDeclare kind = iota
	kindKey          // a private key block
	kindStrong       // a key whose value is a secret whatever it looks like
	kindFlag         // the same, and the value may follow behind a space
	kindWeak         // a key whose value is a secret if it looks like one
	kindWeakFlag
	kindHeader // the whole rest of a header
	kindBearer
	kindToken // the anchor begins a token
	kindPath  // the rest of the path
	kindQuoted
	kindShort // a command with a password behind a short option
	kindUserinfo
)

// Declaration is what a line begins with that declares the rest of it a
// secret. It is known from GitHub Actions.
const Declaration = "::add-mask::"

// userinfo is what ends the scheme of a URL. It is too short for the sketch and
// found in another way: see urlAt.
const userinfo = "://"

// anchors is the list in the forms that the scanner and the inspector need.
type anchors struct {
	sketch sketch
	first  [256]bool
	// byFirst has the anchors by their first byte.
	byFirst [256][]anchor
}

// allAnchors makes the anchors once; they never change.
var allAnchors = sync.OnceValue(func() *anchors {
	a := new(anchors)
	for _, each := range anchorList() {
		a.first[each.text[0]] = true
		a.byFirst[each.text[0]] = append(a.byFirst[each.text[0]], each)
		a.addGrams(each)
	}
	return a
})

// addGrams puts the grams of the anchor's window into the sketch, with every
// byte that may be in each place of it.
func (a *anchors) addGrams(each anchor) {
	var window []string
	if each.left != "" {
		window = append(window, each.left)
	}
	for i := range len(each.text) {
		window = append(window, each.text[i:i+1])
	}
	if each.right != "" {
		window = append(window, each.right)
	}
	for at := range anchorStride {
		what := inWindow
		if at == 0 {
			what |= inAnchor
		}
		for _, x := range []byte(window[at]) {
			for _, y := range []byte(window[at+1]) {
				for _, z := range []byte(window[at+2]) {
					a.sketch.add(uint32(x)|uint32(y)<<8|uint32(z)<<16, what)
				}
			}
		}
	}
}

// at returns the anchor that the text begins with when left is the byte before
// it, and whether with more text there may be one.
func (a *anchors) at(text []byte, left byte) (found *anchor, more bool) {
	list := a.byFirst[text[0]]
	for i := range list {
		each := &list[i]
		if each.left != "" && strings.IndexByte(each.left, left) < 0 {
			continue
		}
		switch {
		case len(text) < len(each.text):
			more = more || beginning(text, each.text)
		case !begins(text, each.text):
		case each.right == "":
			return each, false
		case len(text) == len(each.text):
			more = true
		case strings.IndexByte(each.right, text[len(each.text)]) >= 0:
			return each, false
		}
	}
	return nil, more
}

// anchorList spells out all anchors.
func anchorList() []anchor {
	out := []anchor{
		{text: Declaration, kind: kindDeclare},
		{text: "-----BEGIN ", kind: kindKey},
		{text: "docker login ", kind: kindShort},
		{text: "sshpass ", kind: kindShort},
		{text: "redis-cli ", kind: kindShort},
		{text: "curl ", right: "-\"'$fh", kind: kindShort},
		{text: "hooks.slack.com/services/", kind: kindPath},
		{text: "discord.com/api/webhooks/", kind: kindPath},
		{text: "discordapp.com/api/webhooks/", kind: kindPath},
	}
	for _, command := range strings.Fields("mysql mysqldump mysqladmin mysqlimport mysqlcheck mariadb mariadb-dump mariadb-admin") {
		out = append(out, anchor{text: command + " ", kind: kindShort})
	}
	out = append(out, keyAnchors()...)
	return append(out, tokenAnchors()...)
}

// keyAnchors are names whose values are secrets, or ends of such names.
func keyAnchors() (out []anchor) {
	add := func(kind kind, right string, names ...string) {
		for _, name := range names {
			for _, spelling := range spellings(name) {
				out = append(out, anchor{text: spelling, right: right, kind: kind})
			}
		}
	}
	add(kindStrong, "", "password", "passwd", "passphrase", "_passwort", "_pass=", "_pass:", "_pass\"", "-pass:", "\"pass\"", "'pass'", " pass=", "&pass=", ";pass=")
	add(kindStrong, wordlike+"!#$%&*+./:;<>?@^~\"'", "_pwd=", ";pwd=", " pwd:", "\"pwd\"", "&pwd=")
	add(kindFlag, "", "--password", "--passwd", "--pass ", "--passphrase", "requirepass", "masterauth ", "-password ")
	add(kindWeak, "", "secret", "api_key", "privatekey", "private_key", "encryption_key", "encryptionkey",
		"signing_key", "signingkey", "master_key", "account_key", "accountkey", "auth_key", "app_key", "license_key", "_auth=")
	add(kindWeak, assigns, "token", "ss_key") // "access_key" would meet every "process" and "success"
	add(kindWeakFlag, "", "--token", "--secret", "--api-key", "--access-token", "--auth-token")
	add(kindHeader, "", "authorization", "cookie")
	add(kindBearer, "", "bearer ")
	add(kindQuoted, "", "identified by ")
	return out
}

// spellings lists the ways that a name is written: as it is, in capitals, with
// one capital; with dashes and without anything for the underscores; and the
// part behind an underscore with a capital of its own (apiKey, Api-Key).
func spellings(name string) []string {
	out := []string{name, strings.ToUpper(name), title(name)}
	before, behind, cut := strings.Cut(name, "_")
	if !cut || before == "" {
		return distinct(out)
	}
	for _, b := range []string{before, title(before), strings.ToUpper(before)} {
		for _, c := range []string{behind, title(behind), strings.ToUpper(behind)} {
			out = append(out, b+c, b+"-"+c, b+"_"+c)
		}
	}
	return distinct(out)
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func distinct(all []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] && len(s) >= anchorWindow-1 {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

// tokenAnchors are the beginnings that clouds and forges give their tokens, so
// that they can be found.
func tokenAnchors() (out []anchor) {
	for _, t := range []struct {
		texts string
		right string
		least int
	}{
		{"ghp_ gho_ ghu_ ghs_ ghr_ npm_", alnum, 20},
		{"AKIA ASIA", base32, 16},
		{"github_pat_ dckr_pat_ dckr_oat_ hvs.CAES pypi-AgEI AGE-SECRET-KEY-1 tskey-auth- dop_v1_ doo_v1_ shpat_ shpss_ xkeysib-", "", 20},
		{"glpat- gloas- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- glffct-", "", 10},
		{"xoxb- xoxp- xoxa- xoxr- xoxs- xapp-", "", 10},
		{"sk_live_ rk_live_ sk_test_ rk_test_ whsec_ sk-ant- sk-proj-", "", 16},
		{"AIzaSy", "", 33},
		{"ya29.", "", 20},
		{"eyJhbGci eyJ0eXAi eyJraWQi eyJjdHki eyJlbmMi", "", 20},
	} {
		for _, text := range strings.Fields(t.texts) {
			out = append(out, anchor{text: text, left: boundary, right: t.right, kind: kindToken, least: t.least})
		}
	}
	return out
}
