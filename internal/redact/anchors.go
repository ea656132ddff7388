package redact

import (
	"strings"
	"sync"
)

// A pattern finds a secret that is not registered, by the text before it or by its
// beginning. Each pattern has an anchor: a few bytes that are rare enough in logs to
// be searched for together with the needles, at no cost. Only after an anchor does
// the inspector look at the rest of the line.
//
// The scanner knows the grams of an anchor as it knows the grams of a needle, so an
// anchor must have as many bytes as make the stride. A shorter anchor ("ghp_") takes
// a neighbouring byte along: the byte before it or the byte after it, which then must
// be in a set.
//
// The spelling of an anchor is exact. There is a list of spellings, not a comparison
// without case, so "pAsSwOrD=" in a log is not an anchor.

// anchorWindow is how many bytes of an anchor the longest stride needs.
const anchorWindow = maxStride + gramBytes - 1

// Sets of bytes around an anchor.
const (
	digits   = "0123456789"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	smalls   = "abcdefghijklmnopqrstuvwxyz"
	alnum    = digits + capitals + smalls
	wordlike = alnum + "_-"
	base32   = capitals + "234567"
	// boundary has the bytes that may stand before a token.
	boundary = "\n\r\t \"'`=:/,;@()[]{}<>|&?+!#$%*.\\^~"
	// assigns has the bytes that may stand between a key and its value, or around a
	// key.
	assigns = "=:\"' \t\\])|>"
)

// anchor is one spelling of one anchor.
type anchor struct {
	text  string
	left  string // the bytes that may stand before it; empty for any
	right string // the bytes that may stand after it; empty for any
	kind  kind
	// wide says that the window begins with the byte before the anchor, because a
	// gram at the anchor's end would be in too many texts.
	wide bool
	// least is how many bytes a token must have after the text.
	least int

	lefts, rights *byteSet // left and right as sets; nil for any byte
}

// kind says which function looks at the text after the anchor.
type kind uint8

const (
	kindDeclare   kind = iota
	kindKey            // a private key block
	kindStrong         // a key whose value is a secret whatever it looks like
	kindPass           // the same, but a small number after it counts tests that passed
	kindFlag           // the same, and the value may follow after a space
	kindAmbiguous      // a key whose value is a secret if it looks like one
	kindAmbiguousFlag
	kindHeader // the rest of a header
	kindBearer
	kindToken // the anchor begins a token
	kindPath  // the rest of the path
	kindQuoted
	kindShort // a command with a password after a short option
	kindUserinfo
	kindAuth   // base64 of user:password, as Docker keeps it
	kindPgpass // a line of a .pgpass file
	kindSAS    // the signature of an Azure shared access signature
	kindProse  // words that have an anchor in them and no secret after it
)

// Declaration begins a line that declares the rest of itself a secret. The form is
// known from GitHub Actions.
const Declaration = "::add-mask::"

// userinfo ends the scheme of a URL. It is too short for the sketch; urlAt finds it
// in another way.
const userinfo = "://"

// anchors is the list in the forms that the scanner and the inspector need.
type anchors struct {
	sketch sketch
	begins begins
	// byFirst has the anchors by their first byte. lists has them by the hash of their
	// first four, which most texts are long enough for; heads has the indexes of lists,
	// and 0 for a hash that no anchor has. It is small, because every place that the
	// scanner stops at is looked up there.
	byFirst [256][]anchor
	heads   [1 << headBits]uint16
	lists   [][]anchor
}

// headBits is the number of bits of an index of heads. The anchors have some two
// hundred beginnings.
const headBits = 11

// headOf is the index in heads of the anchors with these first four bytes.
func headOf(begin uint32) uint32 { return begin * 0x9E3779B1 >> (32 - headBits) }

// allAnchors makes the anchors once; they never change.
var allAnchors = sync.OnceValue(func() *anchors {
	a := &anchors{lists: [][]anchor{nil}}
	sets := map[string]*byteSet{"": nil}
	asSet := func(bytes string) *byteSet {
		if _, found := sets[bytes]; !found {
			set := setOf(bytes)
			sets[bytes] = &set
		}
		return sets[bytes]
	}
	for _, each := range anchorList() {
		each.lefts, each.rights = asSet(each.left), asSet(each.right)
		a.begins.add(each.text)
		a.byFirst[each.text[0]] = append(a.byFirst[each.text[0]], each)
		head := &a.heads[headOf(load([]byte(each.text)))]
		if *head == 0 {
			*head = uint16(len(a.lists))
			a.lists = append(a.lists, nil)
		}
		a.lists[*head] = append(a.lists[*head], each)
		a.addGrams(each)
	}
	return a
})

// addGrams puts the grams of the anchor's window into the sketch, with every byte
// that may be at each place of the window.
func (a *anchors) addGrams(each anchor) {
	var window []string
	if len(each.text)+min(1, len(each.right)) < anchorWindow || each.wide {
		window = append(window, each.left)
	}
	for i := range len(each.text) {
		window = append(window, each.text[i:i+1])
	}
	if each.right != "" {
		window = append(window, each.right)
	}
	for at := range maxStride {
		for _, gram := range expand(window[at : at+gramBytes]) {
			a.sketch.add(gram, at, ofAnchors)
		}
	}
}

// expand lists all texts that have one byte of each set, in order.
func expand(sets []string) []string {
	out := []string{""}
	for _, set := range sets {
		var longer []string
		for _, text := range out {
			for i := range len(set) {
				longer = append(longer, text+set[i:i+1])
			}
		}
		out = longer
	}
	return out
}

// none reports whether the text is known to begin with no anchor and no userinfo. It is
// the first look of at, in a form that the compiler can inline.
func (a *anchors) none(text []byte) bool {
	return len(text) >= loadBytes && a.heads[headOf(load(text))] == 0 && text[0] != ':'
}

// at returns the anchor that the text begins with if left is the byte before it.
// Otherwise more says whether more text could complete one. The text has 1 byte or
// more.
func (a *anchors) at(text []byte, left byte) (found *anchor, more bool) {
	list := a.byFirst[text[0]]
	if len(text) >= loadBytes {
		list = a.lists[a.heads[headOf(load(text))]]
	}
	for i := range list {
		each := &list[i]
		if each.lefts != nil && !each.lefts.has(left) {
			continue
		}
		switch {
		case len(text) < len(each.text):
			more = more || beginning(text, each.text)
		case !startsWith(text, each.text):
		case each.rights == nil:
			return each, false
		case len(text) == len(each.text):
			more = true
		case each.rights.has(text[len(each.text)]):
			return each, false
		}
	}
	return nil, more
}

// anchorList spells out all anchors except for userinfo. Many are only a part of a
// word, because its beginning is in too many other words ("pass" in "passed", "docker"
// in everything that Docker prints), and each of these would cost a look.
func anchorList() []anchor {
	out := []anchor{
		{text: Declaration, kind: kindDeclare},
		{text: keyBegin, kind: kindKey},
		{text: "ogin ", right: "-", kind: kindShort}, // docker login
		{text: "shpass ", kind: kindShort},
		{text: "is-cli ", kind: kindShort}, // redis-cli
		{text: "curl ", right: "-\"'$fh", kind: kindShort},
		{text: "ks.slack.com/services/", kind: kindPath},
		{text: "ord.com/api/webhooks/", kind: kindPath},
		{text: "ordapp.com/api/webhooks/", kind: kindPath},
		{text: "IDENTIFIED BY ", kind: kindQuoted},
		{text: `"auth"`, kind: kindAuth},
		{text: `"auth\"`, kind: kindAuth},
		{text: ":5432:", kind: kindPgpass},
		{text: ":5433:", kind: kindPgpass},
		{text: ":6432:", kind: kindPgpass},
		{text: "*:*:*:", kind: kindPgpass},
		{text: "?sig=", right: alnum + "%", kind: kindSAS},
		{text: "&sig=", right: alnum + "%", kind: kindSAS},
	}
	for _, words := range proseAnchors {
		out = append(out, anchor{text: words, kind: kindProse})
	}
	for _, command := range strings.Fields(
		"mysql mysqldump mysqladmin mysqlimport mysqlcheck ariadb ariadb-dump ariadb-admin",
	) {
		out = append(out, anchor{text: command + " ", kind: kindShort})
	}
	out = append(out, keyAnchors()...)
	return append(out, tokenAnchors()...)
}

// keyAnchors are the names of secrets, before their values: keys, options, headers
// and the word "bearer". Most are only a part of the name. The patterns decide whether
// the letters after the anchor still belong to it ("ssphra" and "se").
func keyAnchors() (out []anchor) {
	for _, k := range []struct {
		kind  kind
		right string
		names string // with a ~ for a space; a name of five bytes needs a letter before it
	}{
		{kindStrong, "",
			"password Password PASSWORD ssphra SSPHRA _passwort \"pass\" 'pass' \"PASS\" ;pass= &pass="},
		{kindPass, "", "_pass= _pass: _pass\" -pass: _PASS= _PASS: _PASS\" ~PASS="},
		{kindPass, "=:\"", "bpass lpass npass ppass rpass tpass hpass BPASS LPASS NPASS PPASS RPASS " +
			"TPASS HPASS bPass lPass nPass pPass rPass hPass"},
		{kindStrong, assigns, "asswd ASSWD"},
		{kindStrong, "", "_pwd= _PWD= BPWD= ;Pwd= \"pwd\":"},
		{kindFlag, "", "--password --passwd --pass~ --passphrase uirepass erauth~ UIREPASS"},
		{kindAmbiguous, "",
			"SECRET pi_key PI_KEY PI-KEY pi-Key PI-Key te_key te-key TE_KEY ss_key ss-key SS_KEY " +
				"uth_key UTH_KEY pp_key PP_KEY " +
				"ng_key NG_KEY nse_key NSE_KEY nt_key NT_KEY YPTION_KEY MASTER_KEY :_auth="},
		{kindAmbiguous, assigns + "_-KA", "ecret"},
		{kindAmbiguous, assigns,
			"token Token TOKEN pikey piKey PIKEY teKey tekey ssKey sskey SSKEY uthKey ppKey nseKey ntKey"},
		{kindAmbiguousFlag, "", "--token pi-key ss-token th-token"},
		{kindHeader, "", "orization ORIZATION cookie Cookie COOKIE"},
		{kindBearer, "", "bearer~ Bearer~ BEARER~"},
	} {
		for _, name := range strings.Fields(k.names) {
			each := anchor{text: strings.ReplaceAll(name, "~", " "), right: k.right, kind: k.kind}
			if len(each.text)+min(1, len(each.right)) < anchorWindow {
				each.left = smalls + capitals
			}
			out = append(out, each)
		}
	}
	return out
}

// tokenAnchors are the beginnings that clouds and forges give their tokens, so that
// they can be found. The list includes shortAnchors.
func tokenAnchors() (out []anchor) {
	for _, t := range []struct {
		texts string
		right string
		least int
	}{
		{"ghp_ gho_ ghu_ ghs_ ghr_ npm_", alnum, 20},
		{"AKIA ASIA", base32, 16},
		{"dckr_pat_ dckr_oat_ pypi-AgEI AGE-SECRET-KEY-1 tskey-auth- dop_v1_ doo_v1_ dor_v1_ shpat_ " +
			"shpss_ shpca_ shppa_ xkeysib-", "", 20},
		{"hvs. hvb.", alnum, 20},                                   // Vault
		{"dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", "", 20}, // Doppler
		{"lin_api_ lin_oauth_ rubygems_ ATATT3xFf ATCTT3xFf GOCSPX- sntrys_ sntryu_ glsa_ glc_ey " +
			"glagent- glsoat-", "", 20},
		{"1//0 ATBB", alnum, 20}, // Google's refresh tokens, Bitbucket
		{"sk-svcacct- sk-admin- eyJhdXRo", "", 20},
		{"glpat- gldt- glrt- glcbt- glptt- glft-", "", 10},
		{"xoxb- xoxp- xoxa- xoxr- xoxs- xapp-", "", 10},
		{"sk_live_ rk_live_ sk_test_ rk_test_ sk-ant- sk-proj-", "", 16},
		{"AIzaSy", "", 33},
		{"ya29.", "", 20},
		{"eyJhbGci eyJ0eXAi eyJraWQi eyJjdHki eyJlbmMi", "", 20},
	} {
		for _, text := range strings.Fields(t.texts) {
			// "test" and "proj" are in too many texts.
			wide := strings.HasPrefix(text, "sk") || strings.HasPrefix(text, "rk")
			out = append(out, anchor{text: text, left: boundary, right: t.right,
				kind: kindToken, least: t.least, wide: wide})
		}
	}
	// Only the end of "github" is in the anchor, because "ith" is in every text.
	out = append(out, anchor{text: "thub_pat_", left: "i", kind: kindToken, least: 20})
	return append(out, shortAnchors()...)
}

// shortAnchors are the beginnings of tokens that begin with three bytes. The sketch
// needs more, so they are found only after a byte that often stands before a value.
func shortAnchors() (out []anchor) {
	for _, t := range []struct {
		text  string
		right string
		kind  kind
		least int
	}{
		{"SG.", alnum, kindToken, 40}, // SendGrid
		{"hf_", alnum, kindToken, 30}, // Hugging Face
		{"sk-", alnum, kindToken, 40}, // OpenAI
	} {
		for before, left := range beforeShort {
			out = append(out, anchor{text: string(before) + t.text, left: left, right: t.right,
				kind: t.kind, least: t.least})
		}
	}
	for _, letter := range "EFGH" { // Telegram: 1234567890:AAF...
		out = append(out, anchor{text: ":AA" + string(letter), left: digits, right: wordlike,
			kind: kindToken, least: 30})
	}
	return out
}

// beforeShort has the bytes that may stand before a short beginning of a token, and
// for each the bytes that may stand before it. The letters before a space are the
// ends of "key" and "token". With all letters, every word that begins with an s would
// cost a look.
var beforeShort = map[rune]string{
	'=':  wordlike + " ",
	':':  wordlike,
	'"':  " =:([\\",
	'\'': " =:([\\",
	' ':  ":=>|yn",
}

// proseAnchors hide the anchors in them: no secret follows.
var proseAnchors = []string{"nexpected token", "gnized token", "nextPageToken", "NextPageToken",
	"next_page_token", "pageToken", "page_token", "inuationToken", "inuation_token", "NextToken", "nextToken"}
