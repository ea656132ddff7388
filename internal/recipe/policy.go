package recipe

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/fault"
)

// A server may forbid what would let a container take it over. What follows is
// for compose files that are known before anything runs; policy.sh asks the
// same of what docker compose itself makes of a file, on the server.

// mildCapabilities are those that may be added: docker's own, and some that
// reach no further than the container.
var mildCapabilities = []string{"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
	"MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

// systemFolders are what no container may have a part of.
var systemFolders = []string{"/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run",
	"/sbin", "/snap", "/sys", "/usr", "/var/lib/containerd", "/var/lib/docker", "/var/run", "/var/spool"}

// harmlessFiles are in system folders, and many images want them.
var harmlessFiles = []string{"/etc/localtime", "/etc/timezone"}

// mountTypes are the file systems that a volume may be: those of other hosts,
// of devices (which are in a system folder), and binds.
var mountTypes = []string{"", "none", "bind", "nfs", "nfs4", "cifs", "smb3", "tmpfs", "ext4", "xfs", "btrfs"}

// policy collects what a compose file has that a server forbids.
type policy struct {
	// forbids is not set where only what Waybill trusts is out of reach.
	forbids         bool
	folder, dataDir string
	documents       documents
	invalid         *fault.Error
}

// forbid refuses a compose file that mounts what Waybill trusts and, where the
// server forbids that, one that could take the server over. folder is the
// resource's own on the server, which it may mount, in dataDir, of which the
// rest belongs to others.
func forbid(parsed *types.Project, text, folder, dataDir string, forbids bool) error {
	documents, err := parseYAML(text)
	if err != nil {
		return err
	}
	p := &policy{forbids: forbids, folder: folder, dataDir: dataDir, documents: documents}
	for _, name := range slices.Sorted(maps.Keys(parsed.AllServices())) {
		service := parsed.AllServices()[name]
		keys := []string{"services", name}
		p.container(keys, service.ContainerSpec)
		p.build(keys, service.Build)
		p.hooks(at(keys, "post_start"), service.PostStart)
		p.hooks(at(keys, "pre_stop"), service.PreStop)
		for i, hook := range service.PreStart {
			p.container(at(keys, "pre_start", i), hook.ContainerSpec)
		}
		p.when(service.Provider != nil, at(keys, "provider"), "providers, which run programs of the server")
	}
	for _, name := range slices.Sorted(maps.Keys(parsed.AllJobs())) {
		job := parsed.AllJobs()[name]
		p.container([]string{"jobs", name}, job.ContainerSpec)
		p.build([]string{"jobs", name}, job.Build)
	}
	p.resources(parsed)
	if p.invalid == nil { // a nil *fault.Error would be a non-nil error
		return nil
	}
	return p.invalid
}

func (p *policy) hooks(keys []string, hooks []types.ServiceHook) {
	for i, hook := range hooks {
		p.when(hook.Privileged, at(keys, i), "privileged hooks")
	}
}

// container looks at what one container may do.
func (p *policy) container(keys []string, spec types.ContainerSpec) {
	p.when(spec.Privileged, at(keys, "privileged"), "privileged containers")
	p.when(spec.UseAPISocket, at(keys, "use_api_socket"), "the docker socket in a container")
	p.when(len(spec.DeviceCgroupRules) > 0, at(keys, "device_cgroup_rules"), "rules for devices")
	for _, mode := range []struct{ key, value string }{
		{"pid", spec.Pid}, {"ipc", spec.Ipc}, {"network_mode", spec.NetworkMode}, {"userns_mode", spec.UserNSMode}, {"uts", spec.Uts}, {"cgroup", spec.Cgroup},
	} {
		p.when(mode.value == "host" || strings.HasPrefix(mode.value, "container:"), at(keys, mode.key), mode.key+": "+mode.value)
	}
	for i, capability := range spec.CapAdd {
		name := strings.TrimPrefix(strings.ToUpper(capability), "CAP_")
		p.when(!slices.Contains(mildCapabilities, name), at(keys, "cap_add", i), "the capability "+name)
	}
	for i, option := range spec.SecurityOpt {
		p.when(!mildOption(option), at(keys, "security_opt", i), "the security option "+option)
	}
	for i, device := range spec.Devices {
		p.when(true, at(keys, "devices", i), "the device "+device.Source)
	}
	for i, from := range spec.VolumesFrom {
		p.when(strings.HasPrefix(from, "container:"), at(keys, "volumes_from", i), "the volumes of a container that is not the project's")
	}
	p.places(keys, spec)
}

// places looks at what one container is given of the server's files.
func (p *policy) places(keys []string, spec types.ContainerSpec) {
	for i, volume := range spec.Volumes {
		if volume.Type == types.VolumeTypeBind || volume.Type == types.VolumeTypeNamedPipe {
			p.path(at(keys, "volumes", i), volume.Source)
		}
	}
	for i, file := range spec.EnvFiles {
		p.path(at(keys, "env_file", i), file.Path)
	}
	for i, file := range spec.LabelFiles {
		p.path(at(keys, "label_file", i), file)
	}
	if spec.CredentialSpec != nil && spec.CredentialSpec.File != "" {
		p.path(at(keys, "credential_spec"), spec.CredentialSpec.File)
	}
}

// withLists fills the tables above into a script.
func withLists(script []byte) []byte {
	return []byte(strings.NewReplacer(
		"@capabilities@", strings.Join(mildCapabilities, " "),
		"@folders@", strings.Join(systemFolders, " "),
		"@files@", strings.Join(harmlessFiles, " "),
		"@types@", strings.Join(mountTypes, " "),
	).Replace(string(script)))
}

// mildOption reports whether a security option takes nothing away from what
// docker does by itself.
func mildOption(option string) bool {
	key, value, _ := strings.Cut(strings.Replace(option, ":", "=", 1), "=")
	switch key {
	case "no-new-privileges":
		return true
	case "seccomp":
		return value == "builtin"
	case "apparmor":
		return value != "unconfined"
	case "label":
		return value != "disable"
	}
	return false
}

// build looks at what the building of an image may reach.
func (p *policy) build(keys []string, build *types.BuildConfig) {
	if build == nil {
		return
	}
	keys = at(keys, "build")
	p.when(build.Privileged, at(keys, "privileged"), "privileged builds")
	p.when(build.Network == "host", at(keys, "network"), "builds in the network of the host")
	p.when(len(build.Entitlements) > 0, at(keys, "entitlements"), "entitlements of a build")
	p.when(len(build.SSH) > 0, at(keys, "ssh"), "builds with the SSH keys of the server")
	p.context(at(keys, "context"), build.Context)
	p.dockerfile(at(keys, "dockerfile"), build)
	for _, name := range slices.Sorted(maps.Keys(build.AdditionalContexts)) {
		p.context(at(keys, "additional_contexts", name), build.AdditionalContexts[name])
	}
}

// dockerfile looks at a Dockerfile, which may lie outside of its context.
func (p *policy) dockerfile(keys []string, build *types.BuildConfig) {
	switch {
	case path.IsAbs(build.Dockerfile):
		p.path(keys, build.Dockerfile)
	case build.Dockerfile != "" && !isRemote(build.Context):
		p.path(keys, path.Join(build.Context, build.Dockerfile))
	}
}

// isRemote reports whether a build context is none of the server's folders.
func isRemote(context string) bool {
	return strings.Contains(context, "://") || strings.HasPrefix(context, "git@")
}

// context looks at a build context, which may be a folder or anything remote.
func (p *policy) context(keys []string, context string) {
	if context != "" && !isRemote(context) {
		p.path(keys, context)
	}
}

// resources looks at what containers share.
func (p *policy) resources(parsed *types.Project) {
	for _, name := range slices.Sorted(maps.Keys(parsed.Networks)) {
		network := parsed.Networks[name]
		p.when(network.Driver == "host" || bool(network.External) && network.Name == "host", []string{"networks", name}, "the network of the host")
	}
	for _, name := range slices.Sorted(maps.Keys(parsed.Volumes)) {
		volume := parsed.Volumes[name]
		keys := []string{"volumes", name, "driver_opts"}
		p.when(!slices.Contains(mountTypes, volume.DriverOpts["type"]), at(keys, "type"), "volumes of type "+volume.DriverOpts["type"])
		// A relative device of a bind is one from the project's folder on.
		p.file(at(keys, "device"), volume.DriverOpts["device"])
		for _, option := range strings.FieldsFunc(volume.DriverOpts["o"], func(r rune) bool { return strings.ContainsRune(",:=", r) }) {
			p.absolute(at(keys, "o"), option)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsed.Configs)) {
		p.file([]string{"configs", name, "file"}, parsed.Configs[name].File)
	}
	for _, name := range slices.Sorted(maps.Keys(parsed.Secrets)) {
		p.file([]string{"secrets", name, "file"}, parsed.Secrets[name].File)
	}
}

func (p *policy) file(keys []string, file string) {
	if file != "" {
		p.path(keys, file)
	}
}

func (p *policy) absolute(keys []string, file string) {
	if path.IsAbs(file) {
		p.path(keys, file)
	}
}

// path refuses a place on the server that is neither the resource's own nor
// nobody's.
func (p *policy) path(keys []string, place string) {
	full := path.Join(p.folder, place)
	if path.IsAbs(place) {
		full = path.Clean(place)
	}
	if strings.HasPrefix(place, "~") {
		full = "/home/" + place
	}
	what := "access to " + place
	if trusted(full, p.dataDir) {
		p.refuse(keys, what)
		return
	}
	p.when(!mayMount(full, p.folder, p.dataDir), keys, what)
}

// trusted reports whether the place is, or has in it, a folder that Waybill
// trusts. Whoever mounts a folder around the data directory has been given the
// whole server, which is what forbid_host_access is for.
func trusted(place, dataDir string) bool {
	return place == path.Clean(dataDir) || within(place, path.Join(dataDir, controlFolder)) || within(place, path.Join(dataDir, runsFolder))
}

// mayMount reports whether a resource may have the place: all that is in its
// folder, and what has no part in a system folder, nor in Waybill's.
func mayMount(place, folder, dataDir string) bool {
	if within(place, folder) || slices.Contains(harmlessFiles, place) {
		return true
	}
	for _, kept := range append(slices.Clone(systemFolders), dataDir) {
		if within(place, kept) || within(kept, place) {
			return false
		}
	}
	return true
}

func within(place, folder string) bool {
	return place == folder || strings.HasPrefix(place, strings.TrimSuffix(folder, "/")+"/")
}

// when notes, if it is so, what the server forbids, with the line.
func (p *policy) when(forbidden bool, keys []string, what string) {
	if forbidden && p.forbids {
		p.refuse(keys, what)
	}
}

func (p *policy) refuse(keys []string, what string) {
	if p.invalid == nil {
		p.invalid = fault.New(fault.Invalid, "Validation failed.")
	}
	reason := withLine(p.documents.walk(keys), strings.Join(keys, ".")+": this server forbids "+what)
	p.invalid = p.invalid.WithField(composeField, reason)
}

// at is a place below another, by keys and numbers.
func at(keys []string, more ...any) []string {
	below := slices.Clone(keys)
	for _, key := range more {
		if number, ok := key.(int); ok {
			key = strconv.Itoa(number)
		}
		below = append(below, key.(string))
	}
	return below
}
