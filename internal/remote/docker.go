package remote

import (
	_ "embed" // for the script
	"fmt"
	"strings"
)

// dockerTrouble is one reason why a docker command fails.
type dockerTrouble struct {
	// word names it in scripts.
	word string
	// away reports whether docker cannot be used at all.
	away bool
	// texts are parts of the output of docker in this case, as all its
	// versions, compose and buildkit print it. A star stands for any text.
	texts []string
	// advice names the problem and the remedy, in whole sentences.
	advice string
}

// dockerTroubles is the only table of these texts. A validation reads it in Go,
// and the steps of a deployment read it as the sh of [DockerText]. The first
// row with a text that docker printed applies.
var dockerTroubles = []dockerTrouble{
	{word: "absent", away: true,
		advice: "Docker is not installed on the server. Install Docker Engine with its compose plug-in."},
	{word: "compose", away: true,
		advice: "Docker on the server has no compose plug-in. Install docker-compose-plugin " +
			"(docker-compose-v2 on Ubuntu)."},
	{word: "denied", away: true,
		texts:  []string{"ermission denied while trying to connect", "ermission denied*docker.sock"},
		advice: "The user may not use Docker on the server. Add it to the group docker, or log in as root."},
	{word: "down", away: true,
		texts: []string{"annot connect to the Docker daemon", "ailed to connect to the docker API",
			"error during connect", "docker.sock*connect: "},
		advice: "The Docker daemon does not answer on the server. Start it: systemctl enable --now docker."},
	{word: "limit",
		texts: []string{"toomanyrequests", "429 Too Many"},
		advice: "The registry has had too many requests. Wait, or log in to it: run docker login with " +
			"the registry's name on the server," +
			" as the user with which Waybill logs in."},
	{word: "certificate",
		texts: []string{"x509: ", "server gave HTTP response to HTTPS client"},
		advice: "The server does not trust the registry's certificate. Put the authority's certificate in" +
			" /etc/docker/certs.d/REGISTRY/ca.crt, and check the server's clock; for a registry without " +
			"TLS, add it to" +
			" insecure-registries in /etc/docker/daemon.json."},
	{word: "address",
		texts: []string{"no such host", "emporary failure in name resolution", "server misbehaving"},
		advice: "The server cannot find the address of the registry. Check the image's name and the " +
			"server's DNS."},
	{word: "platform",
		texts: []string{"no matching manifest for", "no match for platform"},
		advice: "The image does not exist for this server's processor. Use a tag that does, or build " +
			"the image for it."},
	{word: "image",
		texts: []string{"pull access denied", "manifest unknown",
			"requested access to the resource is denied", "name unknown: ", "failed to resolve *: not found"},
		advice: "The registry has no such image, or wants a login. Check the image's name and tag; for " +
			"a private image, run" +
			" docker login with the registry's name on the server, as the user with which Waybill logs in."},
	{word: "login",
		texts: []string{"nauthorized", "no basic auth credentials", "authentication required", "status*: 401",
			"403 Forbidden", "/manifests/*: denied", "/v2/*: denied"},
		advice: "The registry wants a login. Run docker login with the registry's name on the server, " +
			"as the user with which" +
			" Waybill logs in, and deploy again."},
	{word: "port",
		texts: []string{"port is already allocated", "address already in use"},
		advice: "Another program or container uses a port that a container publishes. Stop that one, or " +
			"publish another port."},
	{word: "disk",
		texts: []string{"no space left on device", "disk quota exceeded"},
		advice: "The server's disk is full. Remove what is not needed, for example with docker system " +
			"prune."},
	{word: "registry",
		texts: []string{"dial tcp *connect: ", "dial tcp *i/o timeout", "TLS handshake timeout",
			"Client.Timeout exceeded"},
		advice: "The server cannot reach the registry. Check the server's network and firewall, and " +
			"deploy again."},
}

// dockerAdvice returns the advice for a trouble, or "" for an unknown word.
func dockerAdvice(word string) string {
	for _, trouble := range dockerTroubles {
		if trouble.word == word {
			return trouble.advice
		}
	}
	return ""
}

//go:embed sh/docker.sh
var dockerScript string

// DockerText is sh that defines docker_trouble, docker_means and docker_advice;
// docker.sh documents each of them.
func DockerText() string {
	var means, advice strings.Builder
	for _, trouble := range dockerTroubles {
		fmt.Fprintf(&advice, "%s) echo %s ;;\n", trouble.word, Quote(trouble.advice))
		if len(trouble.texts) == 0 {
			continue
		}
		var patterns []string
		for _, text := range trouble.texts {
			patterns = append(patterns, "*"+strings.ReplaceAll(Quote(text), "*", "'*'")+"*")
		}
		away := ""
		if trouble.away {
			away = "yes"
		}
		fmt.Fprintf(&means, "%s) trouble=%s away=%s ;;\n", strings.Join(patterns, " | "), trouble.word, away)
	}
	return strings.NewReplacer("@means@\n", means.String(), "@advice@\n",
		advice.String()).Replace(dockerScript)
}
