package catalog

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// ImageReference is the name of an image in the syntax of Docker and the OCI
// distribution specification: registry.example.org:5000/team/web:1.4@sha256:….
type ImageReference struct {
	// Registry is a host with an optional port, or "" for Docker Hub.
	Registry string
	// Path is the repository in the registry ("team/web").
	Path string
	// Tag and Digest ("sha256:…") choose one image; both may be empty.
	Tag, Digest string
}

// Bounds of a reference, from the grammar of github.com/distribution/reference.
const (
	maxImageName = 255
	maxImageTag  = 128
)

var (
	imagePart   = regexp.MustCompile(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*$`)
	imageTag    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	imageDigest = regexp.MustCompile(`^(sha256|sha512):([0-9a-f]+)$`)
	// registryLabel is a part of a registry's name, without an underscore.
	registryLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
)

// ParseImageReference parses a reference; ok is false if the text is not one.
// [ImageReference.String] returns the accepted text unchanged.
func ParseImageReference(text string) (reference ImageReference, ok bool) {
	name, digest, digested := strings.Cut(text, "@")
	if digested && !isImageDigest(digest) {
		return reference, false
	}
	tagged := false
	// A colon before the last slash begins the registry's port, not a tag.
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		tagged = true
		name, reference.Tag = name[:colon], name[colon+1:]
	}
	if tagged && !isImageTag(reference.Tag) || len(name) > maxImageName {
		return ImageReference{}, false
	}
	reference.Digest, reference.Path = digest, name
	if first, rest, slashed := strings.Cut(name, "/"); slashed && isRegistryLike(first) {
		reference.Registry, reference.Path = first, rest
		if !isRegistry(first) {
			return ImageReference{}, false
		}
	}
	if !isImagePath(reference.Path) || isImageID(text) {
		return ImageReference{}, false
	}
	return reference, true
}

// String returns the reference in Docker's syntax.
func (r ImageReference) String() string {
	text := r.Path
	if r.Registry != "" {
		text = r.Registry + "/" + text
	}
	if r.Tag != "" {
		text += ":" + r.Tag
	}
	if r.Digest != "" {
		text += "@" + r.Digest
	}
	return text
}

// isImageTag reports whether text is the tag of an image ("1.4-alpine").
func isImageTag(text string) bool { return len(text) <= maxImageTag && imageTag.MatchString(text) }

// isImageDigest reports whether text is a digest of its hash's full length.
func isImageDigest(text string) bool {
	const bitsADigit = 4
	match := imageDigest.FindStringSubmatch(text)
	return match != nil && strconv.Itoa(len(match[2])*bitsADigit) == strings.TrimPrefix(match[1], "sha")
}

// isImageID reports whether Docker would read the text as the id of an image
// instead of its name.
func isImageID(text string) bool {
	const digits = 64
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}

func isImagePath(text string) bool {
	for part := range strings.SplitSeq(text, "/") {
		if !imagePart.MatchString(part) {
			return false
		}
	}
	return true
}

// isRegistryLike reports whether the first part of a name is a registry and not a
// folder on Docker Hub. The rule is Docker's.
func isRegistryLike(part string) bool {
	return part == "localhost" || strings.ContainsAny(part, ".:[") || strings.ToLower(part) != part
}

// isRegistry reports whether text is a host with or without a port.
func isRegistry(text string) bool {
	host, port := text, "1"
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		host, port = text[:colon], text[colon+1:]
	}
	if _, ok := parsePort(port); !ok {
		return false
	}
	if bare, ok := strings.CutPrefix(host, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		return err == nil && ip.Is6() && ip.Zone() == "" && strings.HasSuffix(bare, "]")
	}
	for label := range strings.SplitSeq(host, ".") {
		if len(label) > 63 || !registryLabel.MatchString(label) {
			return false
		}
	}
	return len(host) <= 253
}
