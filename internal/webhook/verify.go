package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/catalog"
)

// Tolerance is how far the time stamp of a delivery may be from the present, as Standard
// Webhooks recommends.
const Tolerance = 5 * time.Minute

// The headers with signatures.
const (
	headerGitHub    = "X-Hub-Signature-256"
	headerBitbucket = "X-Hub-Signature"
	headerForgejo   = "X-Forgejo-Signature"
	headerGitea     = "X-Gitea-Signature"
	headerGitLab    = "X-Gitlab-Token"
)

// Verify reports whether the delivery was signed with the secret: body has exactly the bytes
// that were sent. A delivery of Standard Webhooks must also be from the last or the next [Tolerance].
// Everything is compared in constant time, and a refusal does not say why.
func Verify(p Provider, secret Secret, header http.Header, body []byte, now time.Time) bool {
	switch p {
	case GitHub:
		return prefixed(secret, header.Get(headerGitHub), body)
	case Bitbucket:
		return prefixed(secret, header.Get(headerBitbucket), body)
	case Gitea:
		// Forgejo sends both. If it sends its own, the other one does not count.
		if header.Get(headerForgejo) != "" {
			return signed(secret, header.Get(headerForgejo), body)
		}
		return signed(secret, header.Get(headerGitea), body)
	case GitLab:
		// A webhook with a signing token signs like Standard Webhooks, and may send the
		// plain token as well. The weaker proof does not count then.
		if header.Get(standardwebhooks.HeaderWebhookSignature) != "" {
			return standard(secret, header, body, now)
		}
		return same(header.Get(headerGitLab), secret.Text())
	case Generic:
		return standard(secret, header, body, now)
	}
	return false
}

// prefixed checks "sha256=" and the signature.
func prefixed(secret Secret, value string, body []byte) bool {
	signature, found := strings.CutPrefix(value, "sha256=")
	return signed(secret, signature, body) && found
}

// signed checks an HMAC-SHA256 in hexadecimal digits. The text of the secret is its key.
func signed(secret Secret, signature string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret.Text()))
	mac.Write(body)
	return same(strings.ToLower(signature), hex.EncodeToString(mac.Sum(nil)))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// standard checks a delivery of Standard Webhooks. Its time is checked here, because the
// library would read the clock.
func standard(secret Secret, header http.Header, body []byte, now time.Time) bool {
	verifier, err := standardwebhooks.NewWebhookRaw(secret.raw[:])
	if err != nil || verifier.VerifyIgnoringTimestamp(body, header) != nil {
		return false
	}
	at, ok := StandardTime(header)
	return ok && at.After(now.Add(-Tolerance)) && at.Before(now.Add(Tolerance))
}

// StandardTime returns the time in the header of Standard Webhooks. It is signed.
func StandardTime(header http.Header) (at time.Time, ok bool) {
	seconds, err := strconv.ParseInt(header.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// DeliveryID returns a text that is the same for every copy of a verified delivery to the resource,
// and only for those: the signed id of Standard Webhooks, which GitLab also sends with a signing
// token, and for other deliveries of forges the SHA-256 of the body, because their ids are not
// signed. It begins with the resource, because several resources may get the same body, and a sender
// chooses the ids for its resource only.
func DeliveryID(p Provider, id catalog.ID, header http.Header, body []byte) string {
	digest := sha256.Sum256(body)
	if p == Generic || p == GitLab && header.Get(standardwebhooks.HeaderWebhookSignature) != "" {
		// The digest of the id has a known length and characters.
		digest = sha256.Sum256([]byte(header.Get(standardwebhooks.HeaderWebhookID)))
	}
	return string(id) + "/" + hex.EncodeToString(digest[:])
}
