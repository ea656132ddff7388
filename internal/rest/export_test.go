package rest

// MemberAt is tested on its own, over any bytes.
var MemberAt = memberAt

// ProblemStatus is the status, the headers and the body of an error's answer.
func ProblemStatus(err error) (status int, header map[string]string, body []byte) {
	a := problemAnswer(err, "request-1")
	text, _, _ := a.encode()
	return a.Status, a.Header, text
}

// WithoutZeroFractions is withoutZeroFractions, for the tests.
var WithoutZeroFractions = withoutZeroFractions
