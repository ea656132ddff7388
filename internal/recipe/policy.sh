# Refuses a compose file with which a container could take the server over, as
# policy.go does for files that are known before. Before is set
#   compose   a function that runs docker compose for the project
#   original  the same for its own file, which still has variables
#   folder    the resource's own, which it may mount
#   data      Waybill's, of which the rest belongs to others
#   forbids   empty where only what Waybill trusts is out of reach
#
# It looks at what compose makes of the file, as JSON with one key a line: there
# is no other way to write anything in that. What it prints holds the secrets of
# the project, so it goes nowhere.

# findings prints a line "F WHERE WHAT" for what is forbidden, and one
# "P WHERE PLACE" for each place on the server, with tabs between.
findings() {
	awk -v only="$1" '
	function value(text) { return text ~ /^".*"$/ ? substr(text, 2, length(text) - 2) : text }
	function forbid(what) { if (only == "") printf "F\t%s\t%s\n", where(), what }
	function place(path) { if (path != "") printf "P\t%s\t%s\n", where(), path }
	function where(  text, i) {
		text = keys[1]
		for (i = 2; i <= depth; i++) if (keys[i] != "") text = text "." keys[i]
		return text
	}
	function context(path) { if (path !~ /:\/\// && path !~ /^git@/ && path !~ /^(service|target):/) place(path) }
	# One attribute of a container; deep is how far below it we are.
	function attribute(name, deep, key, v) {
		if (only != "") {
			if (name == "env_file" && key == "path") place(v)
			return
		}
		if (deep == 0) {
			if (name == "privileged" && v == "true") forbid("privileged containers")
			if (name == "use_api_socket" && v == "true") forbid("the docker socket in a container")
			if (name ~ /^(pid|ipc|network_mode|userns_mode|uts|cgroup)$/ && v ~ /^(host$|container:)/) forbid(name ": " v)
			if (name == "provider") forbid("providers, which run programs of the server")
			if (name == "device_cgroup_rules" && v != "[]" && v != "null") forbid("rules for devices")
			return
		}
		if (deep == 1) {
			if (name == "cap_add") capability(toupper(v))
			if (name == "security_opt" && v ~ /^"?[a-z]/) option(v)
			if (name == "volumes_from" && v ~ /^container:/) forbid("the volumes of a container that is not the project\047s")
			if (name == "label_file" && v != "]") place(v)
			if (name == "credential_spec" && key == "file") place(v)
			if (name == "build") build(key, v)
			return
		}
		if (name == "devices" && key == "source") forbid("the device " v)
		if (name == "volumes" && deep == 2 && key == "type") type = v
		if (name == "volumes" && deep == 2 && key == "source" && (type == "bind" || type == "npipe")) place(v)
		if (name ~ /^(post_start|pre_stop)$/ && key == "privileged" && v == "true") forbid("privileged hooks")
		if (name == "build" && parent == "additional_contexts") context(v)
	}
	function capability(name) {
		sub(/^CAP_/, "", name)
		if (name != "]" && index(" @capabilities@ ", " " name " ") == 0) forbid("the capability " name)
	}
	function option(v,  key, rest) {
		key = v
		sub(/[:=].*/, "", key)
		rest = substr(v, length(key) + 2)
		if (key == "no-new-privileges" || key == "seccomp" && rest == "builtin") return
		if (key == "apparmor" && rest != "unconfined" || key == "label" && rest != "disable") return
		forbid("the security option " v)
	}
	function build(key, v) {
		if (key == "privileged" && v == "true") forbid("privileged builds")
		if (key == "network" && v == "host") forbid("builds in the network of the host")
		if (key == "entitlements") forbid("entitlements of a build")
		if (key == "ssh") forbid("builds with the SSH keys of the server")
		if (key == "context") { base_of = v; context(v) }
		if (key == "dockerfile") dockerfile(v)
	}
	function dockerfile(v) {
		if (v ~ /^\//) place(v)
		else if (base_of !~ /:\/\// && base_of !~ /^git@/) place(base_of "/" v)
	}
	function mount(key, v,  n, i, parts) {
		if (key == "type" && index(" @types@ ", " " v " ") == 0) forbid("volumes of type " v)
		if (key == "device") place(v)
		if (key != "o") return
		n = split(v, parts, /[,:=]/)
		for (i = 1; i <= n; i++) if (parts[i] ~ /^\//) place(parts[i])
	}
	{
		match($0, /^ */)
		depth = RLENGTH / 2
		line = substr($0, RLENGTH + 1)
		sub(/,$/, "", line)
		key = ""
		if (match(line, /^"([^"\\]|\\.)*": /)) {
			key = substr(line, 2, RLENGTH - 4)
			line = substr(line, RLENGTH + 1)
		}
		keys[depth] = key
		parent = keys[depth - 1]
		v = value(line)
		base = keys[3] == "pre_start" ? 5 : 3
		if ((keys[1] == "services" || keys[1] == "jobs") && depth >= base) attribute(keys[base], depth - base, key, v)
		if (only != "") next
		if (keys[1] == "networks" && depth == 3 && (key == "name" || key == "driver") && v == "host") forbid("the network of the host")
		if (keys[1] == "volumes" && depth == 4 && keys[3] == "driver_opts") mount(key, v)
		if (keys[1] ~ /^(configs|secrets)$/ && depth == 3 && key == "file") place(v)
	}'
}

# resolved prints a path without links and dots, whether or not it is there. A link
# that leads nowhere fails.
resolved() (
	set -f
	IFS=/
	at=
	for part in $1; do
		case $part in
		'' | .) continue ;;
		..)
			at=${at%/*}
			continue
			;;
		esac
		at=$at/$part
		[ ! -L "$at" ] || at=$(readlink -f "$at") || exit 1
		at=${at%/}
	done
	printf '%s\n' "${at:-/}"
)

# allowed reports whether the resource may have a place: all that is in its
# folder, and what has no part in a system folder, nor in Waybill's. Links are
# followed, since a repository may hold any.
allowed() {
	case $1 in
	*\\* | *\$*) [ -z "$forbids" ] && return 0 || return 1 ;;
	/*) place=$1 ;;
	*) place=$folder/$1 ;;
	esac
	case " @files@ " in
	*" $place "*) return 0 ;;
	esac
	place=$(resolved "$place") || return 1
	case $place/ in
	"$own"/*) return 0 ;;
	"$all/" | "$all"/control/* | "$all"/runs/*) return 1 ;;
	esac
	[ -n "$forbids" ] || return 0
	for kept in @folders@ "$data"; do
		kept=$(resolved "$kept") || return 1
		case $place/ in
		"$kept"/*) return 1 ;;
		esac
		case $kept/ in
		"${place%/}"/*) return 1 ;;
		esac
	done
}

need() {
	command -v "$1" >/dev/null 2>&1 || {
		echo "This server has no $1, which the check of its policy needs." >&2
		exit 1
	}
}

need awk
need readlink
own=$(resolved "$folder")
all=$(resolved "$data")
config=$(ask compose --profile '*' config --format json)
# Only without its variables does compose name the files of variables, instead
# of what is in them.
names=
[ -z "$forbids" ] || names=$(ask original --profile '*' config --no-interpolate --format json)
tab=$(printf '\t')
found=$(
	printf '%s\n' "$config" | findings
	printf '%s\n' "$names" | findings env_file
)
refused=0
while IFS=$tab read -r kind where what; do
	case $kind in
	P)
		! allowed "$what" || continue
		what="access to $what"
		;;
	F) [ -n "$forbids" ] || continue ;;
	*) continue ;;
	esac
	echo "$where: this server forbids $what." >&2
	refused=1
done <<.
$found
.
[ "$refused" = 0 ] || exit 1
echo 'The policy forbids nothing in the compose file.'
