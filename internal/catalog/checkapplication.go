package catalog

import "strings"

// Upstream's defaults of an application.
const (
	DefaultTag        = "latest"
	DefaultDirectory  = "/"
	DefaultDockerfile = "Dockerfile"
	DefaultCompose    = "docker-compose.yaml"
)

// application checks the one build pack of the draft. It also refuses a variable
// whose name in the vault would collide with the repository's password.
func (p *problems) application(a *Application) {
	packs := 0
	if a.Shell != nil {
		packs++
		p.shell(a.Shell)
	}
	if a.Image != nil {
		packs++
		p.image(a.Image)
	}
	if a.Dockerfile != nil {
		packs++
		p.source(&a.Dockerfile.Source)
		p.treeFile("dockerfile_location", &a.Dockerfile.Path, DefaultDockerfile)
		p.container(&a.Dockerfile.Container)
	}
	if a.Inline != nil {
		packs++
		p.dockerfile(a.Inline.Text)
		p.container(&a.Inline.Container)
	}
	if a.Compose != nil {
		packs++
		p.source(&a.Compose.Source)
		p.treeFile("docker_compose_location", &a.Compose.Path, DefaultCompose)
	}
	if packs != 1 {
		p.Add("build_pack", "must be exactly one of shell, dockerimage, dockerfile and dockercompose")
	}
	for _, v := range a.Environment {
		if v.Name == GitPasswordSecret && a.Source() != nil {
			p.Add(environmentPrefix+v.Name, "is set by the field git_password")
		}
	}
}

// shell requires a start script; the other scripts may be empty.
func (p *problems) shell(s *Shell) {
	if strings.TrimSpace(s.Start) == "" {
		p.Add("start", "must not be empty")
	}
	scripts := []struct{ field, text string }{{"start", s.Start}, {"stop", s.Stop}, {"health", s.Health}}
	for _, script := range scripts {
		if len(script.text) > MaxScriptBytes || !isText(script.text) {
			p.Add(script.field, "must be UTF-8 text without NUL, at most %d bytes", MaxScriptBytes)
		}
	}
}

// dockerfile checks the beginning of the text. Only docker can check the rest.
func (p *problems) dockerfile(text string) {
	switch {
	case strings.TrimSpace(text) == "":
		p.Add("dockerfile", "must not be empty")
	case len(text) > MaxDockerfileBytes || !isText(text):
		p.Add("dockerfile", "must be UTF-8 text without NUL, at most %d bytes, or the base64 of it",
			MaxDockerfileBytes)
	case !beginsWithFrom(text):
		p.Add("dockerfile",
			"must begin with FROM, such as FROM nginx:1; only comments and ARG may come before it")
	}
}

// image checks the name and the tag separately, so that the problem names the
// one that is wrong.
func (p *problems) image(i *Image) {
	i.Tag = orDefault(i.Tag, DefaultTag)
	reference, ok := ParseImageReference(i.Name)
	switch {
	case !ok:
		p.Add("docker_registry_image_name", "must be the name of an image, such as ghcr.io/acme/web: "+
			"lower-case letters, digits, dots, dashes and underscores")
	case reference.Tag+reference.Digest != "":
		p.Add("docker_registry_image_name", "must have no tag: give it as docker_registry_image_tag")
	}
	if !isImageTag(i.Tag) && !isImageDigest(i.Tag) {
		p.Add("docker_registry_image_tag",
			"must be a tag, such as 1.4, or a digest, such as sha256: and 64 digits")
	}
	p.container(&i.Container)
}

// source checks the repository, the revision and the credentials.
func (p *problems) source(s *Source) {
	by, secret := repositoryTransport(s.Repository)
	switch {
	case secret:
		p.Add("git_repository", "must have no credentials in it: give them as git_username and git_password")
	case by == transportNone:
		p.Add("git_repository", "must be an address that git clones: https://host/path, "+
			"ssh://git@host/path, git@host:path, or an absolute path on the server")
	}
	p.revision(s)
	s.Directory = "/" + strings.Trim(s.Directory, "/")
	if s.Directory != DefaultDirectory && !isTreePath(s.Directory[1:]) {
		p.Add("base_directory", "must be a folder of the repository, such as /backend, without . or .. in it")
	}
	if by != transportNone {
		p.credentials(s, by)
	}
	if !isKnownHosts(s.HostKeys) {
		p.Add("git_host_keys",
			"must be lines of known_hosts, such as ssh-keyscan prints them, at most %d bytes", maxHostKeys)
	}
}

// revision treats HEAD as no commit: it is upstream's word for the last commit of
// the branch.
func (p *problems) revision(s *Source) {
	if s.Commit = strings.ToLower(s.Commit); s.Commit == "head" {
		s.Commit = ""
	}
	if s.Commit != "" && !isCommit(s.Commit) {
		p.Add("git_commit_sha", "must be 7 to 64 hexadecimal digits")
	}
	if s.Branch != "" && !IsRef(s.Branch) {
		p.Add("git_branch", "must be the name of a branch or a tag, such as main")
	}
}

// credentials refuses credentials that the transport does not use.
func (p *problems) credentials(s *Source, by transport) {
	switch {
	case s.KeyID == "":
	case s.KeyID.Kind() != KindPrivateKey:
		p.Add("private_key_uuid", "must be the uuid of a private key that exists")
	case by != transportSSH:
		p.Add("private_key_uuid", "opens repositories over SSH only")
	}
	if by != transportHTTPS && s.UserName != "" {
		p.Add("git_username", "goes with a repository over HTTPS only")
	}
	if by != transportHTTPS && s.Password != "" {
		p.Add("git_password", "goes with a repository over HTTPS only")
	}
	if by == transportHTTPS && (s.UserName == "") != (s.Password == "") {
		p.Add("git_username", "and git_password go together")
	}
	if !IsLine(s.UserName, MaxNameLength) {
		p.Add("git_username", "must be one line of at most %d characters", MaxNameLength)
	}
	if !IsLine(s.Password, maxPassword) {
		p.Add("git_password", "must be one line of at most %d characters", maxPassword)
	}
}

// treeFile accepts a path with a leading slash, which is how upstream writes it.
func (p *problems) treeFile(field string, file *string, otherwise string) {
	if *file = orDefault(strings.TrimPrefix(*file, "/"), otherwise); !isTreePath(*file) {
		p.Add(field, "must be a file of the repository, such as %s, without . or .. as a folder", otherwise)
	}
}
