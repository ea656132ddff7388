package sshrun_test

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// said is text from a server that must not be repeated.
const said = "xyzzy-9042"

// mute checks that there is an error and that it repeats nothing.
func mute(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if text := err.Error() + fault.Public(err); strings.Contains(text, said) {
		t.Errorf("%s: the error repeats what the server said: %s", what, text)
	}
}

// TestP3ErrorsQuoteNothingFromTheServer checks the errors: a server may say
// anything before, instead of or at the end of a session, but no error has a
// word of it.
func TestP3ErrorsQuoteNothingFromTheServer(t *testing.T) {
	for name, speech := range map[string]string{
		"it talks instead of SSH":       said + "\r\n" + strings.Repeat(said+" ", 100) + "\r\n",
		"it has another version":        "SSH-1.5-" + said + "\r\n",
		"it says farewell at once":      "SSH-2.0-" + said + "\r\n" + farewell(said),
		"it talks first, then farewell": said + "\r\nSSH-2.0-x\r\n" + farewell(said),
	} {
		target := remotetest.Start(t, remotetest.Options{}).Target()
		target.Port = speaking(t, speech)
		_, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
		if _, ok := errors.AsType[*remote.DialError](err); !ok {
			t.Errorf("%s: error %T, want a DialError", name, err)
		}
		mute(t, name, err)
		_, err = sshrun.New(sshrun.Options{}).HostKey(t.Context(),
			&catalog.Server{Address: "127.0.0.1", Port: target.Port}, catalog.Login{}, "")
		mute(t, name+", asked for its key", err)
	}
}

func TestP3RefusedSessionsQuoteNothingFromTheServer(t *testing.T) {
	server := remotetest.Start(t, remotetest.Options{Says: said, Refuses: true})
	shell := open(t, server.Target())
	_, err := shell.Run(t.Context(), "true", nil, io.Discard, io.Discard)
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
	mute(t, "a session that is refused", err)
	target := server.Target()
	target.PrivateKey = remotetest.Start(t, remotetest.Options{}).ClientKeyPEM()
	_, err = sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
	mute(t, "a login that is refused", err)
}

// farewell is SSH_MSG_DISCONNECT (RFC 4253, 11.1) before any key is agreed on.
func farewell(text string) string {
	field := func(s string) string { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }
	payload := "\x01\x00\x00\x00\x02" + field(text) + field("")
	padding := 8 - (5+len(payload))%8
	if padding < 4 {
		padding += 8
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))) +
		string(byte(padding)) + payload + strings.Repeat("\x00", padding)
}
