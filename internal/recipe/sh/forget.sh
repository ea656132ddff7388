# forget COMMAND unsets each exported variable for whose name the command fails. A
# deployment sees its own variables and nothing of the login session.
#
# It may run under set -a, which exports every name that it assigns. So it unsets those
# names as well. A part of a value may look like a variable; unsetting that does no harm.
forget() {
	set -f
	IFS='
'
	for line in $(export -p); do
		line=${line#export }
		line=${line#declare -x }
		line=${line%%=*}
		case $line in
		'' | [0-9]* | *[!A-Za-z0-9_]* | SHELLOPTS | BASHOPTS) continue ;;
		esac
		"$1" "$line" || unset "$line"
	done
	set +f
	unset IFS line
}

# client_needs NAME succeeds for a variable of the session that docker's client needs to
# find programs, its settings, the engine and the network.
client_needs() {
	case $1 in
	PATH | HOME | TMPDIR | XDG_RUNTIME_DIR | SSH_AUTH_SOCK | WAYBILL_* | *_proxy | *_PROXY) ;;
	DOCKER_HOST | DOCKER_CONTEXT | DOCKER_CONFIG | DOCKER_API_VERSION) ;;
	DOCKER_CERT_PATH | DOCKER_TLS | DOCKER_TLS_VERIFY) ;;
	*) return 1 ;;
	esac
}

# command_needs NAME succeeds for a variable of the session that a team's command keeps:
# the variables of every login, and those that docker's client needs.
command_needs() {
	case $1 in
	USER | LOGNAME | SHELL) ;;
	*) client_needs "$1" ;;
	esac
}
