package remotetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// ClientCommand is the command line of OpenSSH's own client. The caller appends
// the command for the server as one more word. The client's files are removed
// with the test.
func (s *Server) ClientCommand(t testing.TB) []string {
	t.Helper()
	dir := t.TempDir()
	key, hosts := filepath.Join(dir, "key"), filepath.Join(dir, "hosts")
	for path, text := range map[string]string{
		key:   s.ClientKeyPEM(),
		hosts: fmt.Sprintf("[127.0.0.1]:%d %s\n", s.Port(), s.HostKey()),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"ssh", "-F", "none", "-i", key, "-o", "UserKnownHostsFile=" + hosts,
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-p", strconv.Itoa(s.Port()), s.User() + "@127.0.0.1"}
}
