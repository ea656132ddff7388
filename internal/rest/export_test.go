package rest

// MemberAt and ComposeText are tested on their own, over any bytes.
var (
	MemberAt    = memberAt
	ComposeText = composeText
)

// ProblemStatus is the status, the headers and the body of an error's answer.
func ProblemStatus(err error) (status int, header map[string]string, body []byte) {
	a := problemAnswer(err, "request-1")
	text, _, _ := a.encode()
	return a.status, a.header, text
}
