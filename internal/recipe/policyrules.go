package recipe

import "strings"

// This file has the one table of what a server may forbid. In the runner, policy.go
// applies it. On the server, policy.sh applies it: it is sent the same table. Only the
// code that reads a value exists twice; see reading. The tests run the compose files in
// testdata/policy through both, which must find the same.

// rule checks the values at one place of a compose file, in the form that compose
// itself gives the file.
type rule struct {
	// path is the keys with dots between them; * matches any key or number.
	path    string
	reading reading
	// allow is a list of patterns; the first that matches decides. A pattern that ends
	// with * matches every text with that prefix, and a pattern that begins with !
	// forbids. A value that no pattern matches is forbidden. An empty value is never
	// checked.
	allow []string
	// says describes the forbidden value, with % in its place. The rules for places do
	// not need it.
	says string
	// written rules look at the file before compose replaces its variables by values,
	// because compose leaves these keys out afterwards.
	written bool
}

// reading is how a rule finds the texts to check in a value.
type reading string

const (
	// present forbids every value: only its presence is checked.
	present reading = "present"
	// plainly is the value as it is.
	plainly reading = "plainly"
	// capability is the name in capital letters, without CAP_.
	capability reading = "capability"
	// option is a name and a value with "=" between them. Compose also allows ":"
	// there.
	option reading = "option"
	// pieces are the parts of a comma-separated list, in lower case.
	pieces reading = "pieces"
	// place is a path on the server; it may be relative to the resource's folder.
	place reading = "place"
	// mounted is the source of a bind mount, which is a place. Other mounts are not
	// checked.
	mounted reading = "mounted"
	// device is a place if it is absolute, or if compose makes it so. Otherwise the
	// docker engine resolves it against its own working directory, which is usually the
	// root.
	device reading = "device"
	// buildContext is a place unless it is remote.
	buildContext reading = "context"
	// dockerfilePath is a place relative to the context of its build.
	dockerfilePath reading = "dockerfile"
	// paths are the absolute paths among the options of a mount.
	paths reading = "paths"
)

// mildCapabilities are the capabilities that may be added: docker's defaults, and some
// that affect only the container.
var mildCapabilities = []string{"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK",
	"IPC_OWNER", "KILL", "LEASE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

// mildOptions are the security options that leave docker's default protection in place.
var mildOptions = []string{"no-new-privileges", "no-new-privileges=*", "seccomp=builtin",
	"!apparmor=unconfined", "apparmor=*", "!label=disable*", "!label=type*", "label=*"}

// mountTypes are the file systems that a volume may have: network file systems, file
// systems of devices, and binds. Devices are in a system folder, so the rule for places
// refuses them.
var mountTypes = []string{"none", "bind", "nfs", "nfs4", "cifs", "smb3", "tmpfs", "ext4", "xfs", "btrfs"}

// cacheTypes are the build caches that are not in a folder of the server. A cache
// without a type is an image.
var cacheTypes = []string{"type=registry", "type=inline", "type=gha", "type=s3", "type=azblob", "!type*", "*"}

// systemFolders are the system folders. No container may mount any part of them.
var systemFolders = []string{"/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32",
	"/proc", "/root", "/run", "/sbin", "/snap", "/sys", "/usr", "/var/lib/containerd", "/var/lib/docker",
	"/var/run", "/var/spool"}

// harmlessFiles may be mounted although they are in system folders, because many images
// want them.
var harmlessFiles = []string{"/etc/localtime", "/etc/timezone"}

// remoteContexts are the build contexts that are not folders of the server.
var remoteContexts = []string{"https://*", "http://*", "git://*", "ssh://*", "git@*", "github.com/*",
	"docker-image://*", "service:*", "target:*"}

// sharing allows all values except those with which a container uses a namespace of the
// host, or of a container outside of the project.
var sharing = []string{"!host", "!container:*", "*"}

// notHost allows all networks except the host's.
var notHost = []string{"!host", "*"}

// containerRules are the rules for everything that runs a container.
var containerRules = []rule{
	{path: "privileged", reading: present, says: "privileged containers"},
	{path: "use_api_socket", reading: present, says: "the docker socket in a container"},
	{path: "device_cgroup_rules", reading: present, says: "rules for devices"},
	{path: "pid", reading: plainly, allow: sharing, says: "pid: %"},
	{path: "ipc", reading: plainly, allow: sharing, says: "ipc: %"},
	{path: "network_mode", reading: plainly, allow: sharing, says: "network_mode: %"},
	{path: "userns_mode", reading: plainly, allow: sharing, says: "userns_mode: %"},
	{path: "uts", reading: plainly, allow: sharing, says: "uts: %"},
	{path: "cgroup", reading: plainly, allow: sharing, says: "cgroup: %"},
	{path: "cap_add.*", reading: capability, allow: mildCapabilities, says: "the capability %"},
	{path: "security_opt.*", reading: option, allow: mildOptions, says: "the security option %"},
	{path: "devices.*.source", reading: plainly, says: "the device %"},
	{path: "volumes_from.*", reading: plainly, allow: []string{"!container:*", "*"},
		says: "the volumes of a container outside the project"},
	{path: "volumes.*.source", reading: mounted},
	{path: "env_file.*.path", reading: place, written: true},
	{path: "label_file.*", reading: place, written: true},
	{path: "credential_spec.file", reading: place},
}

// workloadRules are the rules for services and jobs only.
var workloadRules = []rule{
	{path: "build.privileged", reading: present, says: "privileged builds"},
	{path: "build.network", reading: plainly, allow: notHost, says: "builds in the network of the host"},
	{path: "build.entitlements", reading: present, says: "entitlements of a build"},
	{path: "build.ssh", reading: present, says: "builds with the SSH keys of the server", written: true},
	{path: "build.context", reading: buildContext},
	{path: "build.dockerfile", reading: dockerfilePath},
	{path: "build.additional_contexts.*", reading: buildContext},
	{path: "build.cache_from.*", reading: pieces, allow: cacheTypes, says: "a build cache of %"},
	{path: "build.cache_to.*", reading: pieces, allow: cacheTypes, says: "a build cache of %"},
}

// otherRules are the rules for the rest of a project.
var otherRules = []rule{
	{path: "services.*.provider", reading: present, says: "providers, which run programs of the server"},
	{path: "services.*.post_start.*.privileged", reading: present, says: "privileged hooks"},
	{path: "services.*.pre_stop.*.privileged", reading: present, says: "privileged hooks"},
	{path: "networks.*.driver", reading: plainly, allow: notHost, says: "the network of the host"},
	{path: "networks.*.name", reading: plainly, allow: notHost, says: "the network of the host"},
	// Compose passes the name to docker, which also accepts a path there.
	{path: "volumes.*.name", reading: plainly, allow: []string{"!/*", "!.*", "!~*", "*"},
		says: "the path % as a volume's name"},
	{path: "volumes.*.driver_opts.type", reading: plainly, allow: mountTypes, says: "volumes of type %"},
	{path: "volumes.*.driver_opts.device", reading: device},
	{path: "volumes.*.driver_opts.*", reading: paths},
	{path: "configs.*.file", reading: place},
	{path: "secrets.*.file", reading: place},
}

// policyRules is the whole table.
func policyRules() []rule {
	var all []rule
	for _, group := range []struct {
		bases []string
		rules []rule
	}{
		{[]string{"services.*.", "services.*.pre_start.*.", "jobs.*."}, containerRules},
		{[]string{"services.*.", "jobs.*."}, workloadRules},
		{[]string{""}, otherRules},
	} {
		for _, base := range group.bases {
			for _, r := range group.rules {
				r.path = base + r.path
				all = append(all, r)
			}
		}
	}
	return all
}

// policyTable is the table as policy.sh reads it: one rule a line, with tabs between
// the fields.
func policyTable() string {
	var lines []string
	for _, r := range policyRules() {
		model := "resolved"
		if r.written {
			model = "written"
		}
		fields := []string{"rule", model, r.path, string(r.reading), strings.Join(r.allow, " "), r.says}
		lines = append(lines, strings.Join(fields, "\t"))
	}
	return strings.Join(lines, "\n")
}

// withPolicy puts the tables of this file into a script.
func withPolicy(script []byte) []byte {
	return []byte(strings.NewReplacer(
		"@rules@", policyTable(),
		"@folders@", strings.Join(systemFolders, " "),
		"@files@", strings.Join(harmlessFiles, " "),
		"@remote@", strings.Join(remoteContexts, " "),
		"@control@", controlFolder,
		"@runs@", runsFolder,
	).Replace(string(script)))
}

// fits reports whether the patterns allow a text.
func fits(patterns []string, text string) bool {
	for _, pattern := range patterns {
		pattern, forbidden := strings.CutPrefix(pattern, "!")
		prefix, open := strings.CutSuffix(pattern, "*")
		if text == pattern || open && strings.HasPrefix(text, prefix) {
			return !forbidden
		}
	}
	return false
}
