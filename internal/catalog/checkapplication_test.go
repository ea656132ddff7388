package catalog_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

const someKey = catalog.ID("key000000000000000000000")

// goodBuilt is an application that is built from git.
func goodBuilt(change func(*catalog.Dockerfile)) *catalog.Application {
	dockerfile := &catalog.Dockerfile{}
	dockerfile.Repository = "https://git.example.org/acme/web.git"
	if change != nil {
		change(dockerfile)
	}
	return &catalog.Application{Resource: goodResource(), Dockerfile: dockerfile}
}

func goodImage(change func(*catalog.Image)) *catalog.Application {
	image := &catalog.Image{Name: "ghcr.io/acme/web"}
	if change != nil {
		change(image)
	}
	return &catalog.Application{Resource: goodResource(), Image: image}
}

// wantGood checks a draft and then itself again: what Check fills in must pass.
func wantGood(t *testing.T, name string, draft catalog.Entity) {
	t.Helper()
	for range 2 {
		if err := catalog.Check(draft); err != nil {
			t.Errorf("%.100s: %v, want nil", name, fault.Fields(err))
		}
	}
}

func TestCheckFillsInTheDefaultsOfForms(t *testing.T) {
	image := goodImage(nil)
	wantGood(t, "an image", image)
	if got, want := image.Image.Tag, "latest"; got != want {
		t.Errorf("tag = %q, want %q", got, want)
	}
	built := goodBuilt(func(d *catalog.Dockerfile) {
		d.Repository, d.Commit, d.Directory, d.Path = "git@git.example.org:acme/web.git", "HEAD", "backend/",
			"/docker/Dockerfile"
	})
	wantGood(t, "a Dockerfile", built)
	want := catalog.Source{Repository: "git@git.example.org:acme/web.git", Directory: "/backend"}
	if diff := cmp.Diff(built.Dockerfile.Source, want); diff != "" ||
		built.Dockerfile.Path != "docker/Dockerfile" {
		t.Errorf("path %s (-got +want)\n%s", built.Dockerfile.Path, diff)
	}
	compose := &catalog.Application{Resource: goodResource(),
		Compose: &catalog.ComposeSource{Source: catalog.Source{Repository: "/srv/web.git",
			Commit: "ABCDEF0"}}}
	wantGood(t, "a compose file", compose)
	got := compose.Compose
	if got.Path != "docker-compose.yaml" || got.Directory != "/" || got.Commit != "abcdef0" {
		t.Errorf("%+v, want docker-compose.yaml in / at abcdef0", got)
	}
}

func TestCheckForms(t *testing.T) {
	two := goodImage(nil)
	two.Shell = &catalog.Shell{Start: "true"}
	wantProblem(t, "build_pack", "two forms", catalog.Check(two))
	name := func(name string) *catalog.Application {
		return goodImage(func(i *catalog.Image) { i.Name = name })
	}
	tag := func(tag string) *catalog.Application {
		return goodImage(func(i *catalog.Image) { i.Tag = tag })
	}
	for _, good := range []string{"nginx", "localhost:5000/web"} {
		wantGood(t, good, name(good))
	}
	for _, bad := range []string{"", "nginx:1", "nginx@" + sha256Digest, "Nginx", "https://nginx", "$(id)"} {
		wantProblem(t, "docker_registry_image_name", bad, catalog.Check(name(bad)))
	}
	for _, good := range []string{"1.4", sha256Digest} {
		wantGood(t, good, tag(good))
	}
	for _, bad := range []string{":1", "a b", "-x", "sha256:00", "1.4@" + sha256Digest,
		strings.Repeat("t", 129)} {
		wantProblem(t, "docker_registry_image_tag", bad, catalog.Check(tag(bad)))
	}
	for _, variable := range []catalog.Variable{{Name: "GIT_PASSWORD", Value: "x"},
		{Name: "GIT_PASSWORD", Value: "hunter22", Secret: true}} {
		built, image := goodBuilt(nil), goodImage(nil)
		built.Environment, image.Environment = []catalog.Variable{variable}, []catalog.Variable{variable}
		wantProblem(t, "environment.GIT_PASSWORD", "a variable called so", catalog.Check(built))
		wantGood(t, "the same without git", image)
	}
}

func knownHost(kind string) string {
	key := append([]byte{0, 0, 0, byte(len(kind))}, kind...)
	return kind + " " + base64.StdEncoding.EncodeToString(append(key, make([]byte, 40)...))
}

func TestCheckSource(t *testing.T) {
	for _, c := range []struct {
		field string
		good  []string
		bad   []string
		set   func(*catalog.Dockerfile, string)
	}{
		{"git_repository",
			[]string{"https://git.example.org/acme/web.git", "https://git.example.org:8443/~acme/web",
				"ssh://git@git.example.org:2222/acme/web.git",
				"ssh://git.example.org/web", "git@git.example.org:acme/web.git",
				"deploy@10.0.0.1:/srv/git/web.git", "git@host:~team/web",
				"/srv/git/web.git", "/srv/git/web/", "file:///srv/git/web.git", "https://[2001:db8::1]/web"},
			[]string{"", " ", "web", "acme/web", "git.example.org/acme/web", "git.example.org:acme/web",
				"http://git.example.org/web", "git://git.example.org/web", "ftp://a/b",
				"ext::sh -c id", "ext::/srv/x", "file://srv/web", "file:///", "/", "/srv/../etc", "/srv//web",
				"/srv/web repo", "/srv/$(id)", "/srv/web;id", "/srv/we'b",
				"https://", "https://host", "https://host/", "https:///web", "https://-host/web",
				"https://host/../web", "https://host/a?b=c", "https://host/a#b",
				"https://host:0/web", "https://host:x/web", "https://ho st/web", "https://host/w eb",
				"https://host/$X", "https://host/web\n", "ssh://-oProxyCommand=id/web",
				"ssh://git@-oProxyCommand=id/web", "-oProxyCommand=id@host:web", "git@-host:web",
				"git@host:-web", "git@host:", "git@host:..", "git@host:a/../b",
				"@host:web", "git@:web", "git@host:web\x00", "--upload-pack=id", "https://host/" +
					strings.Repeat("a", 2048)},
			func(d *catalog.Dockerfile, v string) { d.Repository = v }},
		{"git_branch",
			[]string{"", "main", "feature/a-b_c.d", "v1.0", "ümlaut", "a@b", "release-2026.01",
				"dependabot/npm_and_yarn/x"},
			[]string{"-main", "--upload-pack=id", "@", "HEAD", "a..b", ".a", "a/.b", "a.lock", "a.lock/b",
				"/a", "a/", "a//b", "a.", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b",
				"a\\b", "a@{b", "a\x7f", "a\n", "a\x00", "\xff", strings.Repeat("a", 245)},
			func(d *catalog.Dockerfile, v string) { d.Branch = v }},
		{"git_commit_sha",
			[]string{"", "HEAD", "0123abc", "0123ABCDEF", strings.Repeat("a", 40), strings.Repeat("a", 64)},
			[]string{"abc", "main", "0123abg", strings.Repeat("a", 65), "0123abc\n", "-0123abc", "0123abc~1"},
			func(d *catalog.Dockerfile, v string) { d.Commit = v }},
		{"base_directory",
			[]string{"", "/", "/backend", "backend", "/a/b.c/_d-e+f@g/"},
			[]string{"..", "/..", "/a/../b", "/a/./b", "/a//b", "/a b", "/a$X", "/a'", "/-a", "/a/-b", "/a\n",
				"/a:b", "/ä", "/" + strings.Repeat("a", 1025)},
			func(d *catalog.Dockerfile, v string) { d.Directory = v }},
		{"dockerfile_location",
			[]string{"", "/", "Dockerfile", "/Dockerfile", "docker/web.Dockerfile"},
			[]string{"..", "../Dockerfile", "a/../b", "./Dockerfile", "a//b", "a/", "-f", "docker/-f",
				"Docker file", "a\x00", "//etc/passwd", "a$b"},
			func(d *catalog.Dockerfile, v string) { d.Path = v }},
		{"git_host_keys",
			[]string{"", "\n", "# a comment\n\nhost " + knownHost("ssh-ed25519") + "\n", "host,10.0.0.1 " +
				knownHost("ecdsa-sha2-nistp256") + " comment",
				"[host]:2222 " + knownHost("ssh-rsa"), "|1|abc=|def= " +
					knownHost("sk-ssh-ed25519@openssh.com"), "@cert-authority * " + knownHost("ssh-ed25519")},
			[]string{"host", "host ssh-ed25519", knownHost("ssh-ed25519"), "host ssh-ed25519 AAAA",
				"host ssh-rsa " + strings.Fields(knownHost("ssh-ed25519"))[1],
				"host rsa " + strings.Fields(knownHost("ssh-rsa"))[1], "host ssh-ed25519 !!!!", "host " +
					knownHost("ssh-ed25519") + "\nhost", "\x00", "\xff",
				strings.Repeat("#\n", 9<<10)},
			func(d *catalog.Dockerfile, v string) { d.HostKeys = v }},
		{"private_key_uuid", []string{""}, []string{"x", "srv000000000000000000000", string(someKey)},
			func(d *catalog.Dockerfile, v string) { d.KeyID = catalog.ID(v) }},
	} {
		for _, value := range c.good {
			wantGood(t, c.field+" "+value, goodBuilt(func(d *catalog.Dockerfile) { c.set(d, value) }))
		}
		for _, value := range c.bad {
			wantProblem(t, c.field, value, catalog.Check(goodBuilt(func(d *catalog.Dockerfile) {
				c.set(d,
					value)
			})))
		}
	}
	for _, bad := range []string{"../compose.yaml", "a b"} {
		compose := &catalog.Application{Resource: goodResource(),
			Compose: &catalog.ComposeSource{Source: catalog.Source{Repository: "/srv/web"}, Path: bad}}
		wantProblem(t, "docker_compose_location", bad, catalog.Check(compose))
	}
}

func TestCheckRepositoryCredentials(t *testing.T) {
	for _, repository := range []string{"https://user:hunter22@host/web", "https://hunter22@host/web",
		"ssh://git:hunter22@host/web",
		"https://user:hunt@er22@host/web", "http://user:hunter22@host/web", "https://@host/web"} {
		err := catalog.Check(goodBuilt(func(d *catalog.Dockerfile) { d.Repository = repository }))
		wantProblem(t, "git_repository", repository, err)
		if got := strings.Join(fault.Fields(err)["git_repository"],
			" "); !strings.Contains(got, "git_username and git_password") || strings.Contains(got, "hunt") {
			t.Errorf("%s: %q, want where else to give it", repository, got)
		}
	}
	source := func(s catalog.Source) *catalog.Application {
		return goodBuilt(func(d *catalog.Dockerfile) { d.Source = s })
	}
	wantGood(t, "a key over SSH", source(catalog.Source{Repository: "git@host:web", KeyID: someKey}))
	wantGood(t, "a password over HTTPS", source(catalog.Source{Repository: "https://host/web",
		UserName: "x-access-token", Password: "hünter $'\" 22"}))
	for _, c := range []struct {
		name   string
		field  string
		source catalog.Source
	}{
		{"a key over HTTPS", "private_key_uuid",
			catalog.Source{Repository: "https://host/web", KeyID: someKey}},
		{"a key for a folder", "private_key_uuid",
			catalog.Source{Repository: "/srv/web", KeyID: someKey}},
		{"a user over SSH", "git_username",
			catalog.Source{Repository: "git@host:web", UserName: "me"}},
		{"a password over SSH", "git_password",
			catalog.Source{Repository: "git@host:web", Password: "hunter22"}},
		{"a user without a password", "git_username",
			catalog.Source{Repository: "https://host/web", UserName: "me"}},
		{"a password without a user", "git_username",
			catalog.Source{Repository: "https://host/web", Password: "hunter22"}},
		{"a password of two lines", "git_password",
			catalog.Source{Repository: "https://host/web", UserName: "me", Password: "hunter22\nx"}},
		{"a password that is too long", "git_password",
			catalog.Source{Repository: "https://host/web", UserName: "me",
				Password: strings.Repeat("x", 4097)}},
		{"a user of two lines", "git_username",
			catalog.Source{Repository: "https://host/web", UserName: "m\ne", Password: "hunter22"}},
	} {
		err := catalog.Check(source(c.source))
		wantProblem(t, c.field, c.name, err)
		if strings.Contains(err.Error()+strings.Join(fault.Fields(err)[c.field], ""), "hunter22") {
			t.Errorf("%s: the problem has the password", c.name)
		}
	}
}

func FuzzSource(f *testing.F) {
	f.Add("https://host/web", "main", "/", "Dockerfile")
	f.Add("ssh://git@host:22/web", "a/b", "a", "../x")
	f.Add("git@host:web", "-x", "/-a", "//etc")
	f.Add("file:///srv/web", "a@{b", "..", "-")
	f.Fuzz(func(t *testing.T, repository, branch, directory, file string) {
		draft := goodBuilt(func(d *catalog.Dockerfile) {
			d.Repository, d.Branch, d.Directory, d.Path = repository, branch, directory, file
		})
		if catalog.Check(draft) != nil {
			return
		}
		d := draft.Dockerfile
		for _, text := range []string{d.Repository, d.Branch, d.Path} {
			if strings.HasPrefix(text, "-") || strings.ContainsAny(text, " \t\r\n\x00") ||
				strings.Contains(text, "::") && !strings.Contains(text, "[") {
				t.Errorf("%q was accepted", text)
			}
		}
		if strings.Contains("/"+d.Path+d.Directory+"/", "/../") || !strings.HasPrefix(d.Directory, "/") ||
			strings.HasPrefix(d.Path, "/") {
			t.Errorf("%q in %q was accepted", d.Path, d.Directory)
		}
	})
}
