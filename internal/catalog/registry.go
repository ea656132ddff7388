package catalog

import (
	"encoding/base64"
	"slices"
	"strings"
)

// Registry is a login of an image registry. The password is in the [Vault].
type Registry struct {
	Meta
	// Host is the registry as the names of its images begin, with its port if they have
	// one ("ghcr.io", "registry.example.org:5000"). Docker Hub is [DockerHub].
	Host string
	User string
	// ServerIDs and ResourceIDs say which deployments may use the login: all on one of the
	// servers, and all of one of the resources. An id may name something that is deleted.
	ServerIDs   []ID
	ResourceIDs []ID
}

// DockerHub is the host of Docker Hub.
const DockerHub = "docker.io"

// RegistryPasswordSecret is the name of a [Registry]'s password in the [Vault].
const RegistryPasswordSecret = "REGISTRY_PASSWORD"

// MaxRegistryUses bounds the servers and resources that one registry lists together, so
// that its item stays small.
const MaxRegistryUses = 100

// DependsOn returns nothing: servers and resources of a registry can be deleted.
func (*Registry) DependsOn() []ID { return nil }

// MayUse reports whether deployments of the resource on the server may use the login.
func (r *Registry) MayUse(resource, server ID) bool {
	return slices.Contains(r.ResourceIDs, resource) || slices.Contains(r.ServerIDs, server)
}

// RegistryLogin is a login with its password.
type RegistryLogin struct {
	Host, User, Password string
}

// Token is the login as registries take it: user and password with a colon, in base64.
func (l RegistryLogin) Token() string {
	return base64.StdEncoding.EncodeToString([]byte(l.User + ":" + l.Password))
}

// RegistryHost returns the host of a registry's URL, which may be a bare host. It is "" if
// the URL has a path or a user, or is no URL of a registry.
func RegistryHost(url string) string {
	text := strings.ToLower(url)
	for _, scheme := range []string{"https://", "http://"} {
		text = strings.TrimPrefix(text, scheme)
	}
	text = strings.TrimSuffix(text, "/")
	switch text {
	case "index.docker.io/v1", "index.docker.io", "registry-1.docker.io", "hub.docker.com":
		return DockerHub
	}
	if !isRegistryLike(text) || !isRegistry(text) {
		return ""
	}
	return text
}

func (p *problems) registry(r *Registry) {
	if r.Host == "" {
		p.Add("url", "must be the host of an image registry, such as ghcr.io or "+
			"https://registry.example.org:5000, without a path")
	}
	if r.User == "" || !IsLine(r.User, MaxNameLength) || strings.Contains(r.User, ":") {
		p.Add("user", "must be one line of 1 to %d characters without a colon", MaxNameLength)
	}
	uses := len(r.ServerIDs) + len(r.ResourceIDs)
	if uses == 0 || uses > MaxRegistryUses {
		p.Add("server_uuids", "and resource_uuids must have 1 to %d uuids together, have %d",
			MaxRegistryUses, uses)
	}
	p.uses("server_uuids", r.ServerIDs, func(kind Kind) bool { return kind == KindServer })
	p.uses("resource_uuids", r.ResourceIDs, Kind.Deployable)
}

// uses checks a list of ids. It does not check that they exist.
func (p *problems) uses(field string, ids []ID, fits func(Kind) bool) {
	seen := map[ID]bool{}
	for _, id := range ids {
		if parsed, err := ParseID(string(id)); err != nil || !fits(parsed.Kind()) || seen[id] {
			p.Add(field, "must have the uuids of things that exist, each once")
			return
		}
		seen[id] = true
	}
}
