package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
)

var sha256Digest = "sha256:" + strings.Repeat("0a", 32)

func TestParseImageReference(t *testing.T) {
	for text, want := range map[string]catalog.ImageReference{
		"nginx":                          {Path: "nginx"},
		"nginx:1.27-alpine":              {Path: "nginx", Tag: "1.27-alpine"},
		"acme/web":                       {Path: "acme/web"},
		"acme/team-a/web_server__x.y:_T": {Path: "acme/team-a/web_server__x.y", Tag: "_T"},
		"ghcr.io/acme/web:1@" + sha256Digest: {Registry: "ghcr.io", Path: "acme/web", Tag: "1",
			Digest: sha256Digest},
		"nginx@" + sha256Digest:           {Path: "nginx", Digest: sha256Digest},
		"localhost/web":                   {Registry: "localhost", Path: "web"},
		"localhost:5000/web:2":            {Registry: "localhost:5000", Path: "web", Tag: "2"},
		"Registry/web":                    {Registry: "Registry", Path: "web"},
		"127.0.0.1:5000/a/b":              {Registry: "127.0.0.1:5000", Path: "a/b"},
		"[::1]:5000/web:x":                {Registry: "[::1]:5000", Path: "web", Tag: "x"},
		"[2001:db8::1]/web":               {Registry: "[2001:db8::1]", Path: "web"},
		"a--b/c---d":                      {Path: "a--b/c---d"},
		"web:" + strings.Repeat("t", 128): {Path: "web", Tag: strings.Repeat("t", 128)},
		strings.Repeat("a", 255):          {Path: strings.Repeat("a", 255)},
		"web@sha512:" + strings.Repeat("0", 128): {
			Path: "web", Digest: "sha512:" + strings.Repeat("0", 128)},
		"docker.dragonflydb.io/dragonflydb/dragonfly": {Registry: "docker.dragonflydb.io",
			Path: "dragonflydb/dragonfly"},
	} {
		got, ok := catalog.ParseImageReference(text)
		if diff := cmp.Diff(got, want); !ok || diff != "" {
			t.Errorf("%q: ok = %v (-got +want)\n%s", text, ok, diff)
		}
		if got.String() != text {
			t.Errorf("%q is written back as %q", text, got.String())
		}
	}
	for _, text := range []string{
		"", " ", "nginx ", " nginx", "nginx\n", "Nginx", "NGINX:1", "-nginx", "nginx-", "ngi--nx-", ".nginx",
		"ng..inx", "a___b", "a_.b",
		"nginx:", "nginx:-1", "nginx:.1", "nginx:a b", "nginx:1:2", "nginx:a/b:", "web:" +
			strings.Repeat("t", 129), "nginx:é",
		"/nginx", "nginx/", "a//b", "https://nginx", "http://host/web:1", "docker://nginx", "user@host/web",
		"user:pw@host/web",
		"nginx@", "nginx@sha256:", "nginx@sha256:" + strings.Repeat("0", 63), "nginx@sha256:" +
			strings.Repeat("A", 64),
		"nginx@sha512:" + strings.Repeat("0", 64), "nginx@md5:" + strings.Repeat("0", 32), "nginx@" +
			sha256Digest + "@" + sha256Digest,
		"@" + sha256Digest, ":1", strings.Repeat("a", 256), "host:/web", "host:0/web", "host:65536/web",
		"host:080/web", "host:x/web",
		"-host.org/web", "host-.org/web", "host..org/web", "a_b.org/web", strings.Repeat("a", 64) +
			".org/web", "[::1/web", "[::1]x/web",
		"[127.0.0.1]/web", "[fe80::1%eth0]/web", "::1/web", "ghcr.io/", "ghcr.io/Acme/web", "$(id)", "a;b",
		"nginx --privileged",
		"--help", "-v/x", strings.Repeat("0a", 32), "${IMAGE}", "nginx:${TAG}", "é/web", "\xff", "a\x00b",
		"a|b", "a\\b", "a'b", `a"b`,
	} {
		if got, ok := catalog.ParseImageReference(text); ok || got != (catalog.ImageReference{}) {
			t.Errorf("%.80q is taken for %+v", text, got)
		}
	}
}

func FuzzParseImageReference(f *testing.F) {
	for _, seed := range []string{"nginx:1", "localhost:5000/a/b:c@" + sha256Digest, "[::1]:1/a", "a:1/b",
		"a@b", "A/b", "host:1/b:2:3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reference, ok := catalog.ParseImageReference(text)
		if !ok {
			return
		}
		if reference.String() != text {
			t.Errorf("%q is written back as %q", text, reference)
		}
		if strings.HasPrefix(text, "-") || strings.ContainsAny(text, " \t\r\n\x00'\"`$;&|<>\\(){}*?!#~") {
			t.Errorf("%q is taken for an image", text)
		}
		again, ok := catalog.ParseImageReference(reference.String())
		if !ok || again != reference {
			t.Errorf("%q is read again as %+v, want %+v", text, again, reference)
		}
	})
}
