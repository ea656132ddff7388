# Runs docker's client. Before, forget.sh is read, and the session is forgotten except
# for the variables that the client needs.
#
# Compose prefers its own environment to an env file. So it first reads the team's file
# without any environment, and writes the result, in which no variable is left, to
# another file. Only that file runs, with the client's environment: nothing that the
# client needs reaches a container.

# alone runs docker's client and keeps the variables of env files from becoming its
# settings. Compose takes those that begin with COMPOSE_ and are not set, and versions
# before 2.39.3 take all that are not set. So all settings are set here except
# COMPOSE_PROFILES, which a team may set. A build does not ask git about its folder, in
# which a container may have put a git folder with commands.
alone() (
	export COMPOSE_IGNORE_ORPHANS=false COMPOSE_REMOVE_ORPHANS=false COMPOSE_PARALLEL_LIMIT=-1 \
		COMPOSE_PROGRESS=auto COMPOSE_STATUS_STDOUT=false COMPOSE_COMPATIBILITY=false \
		COMPOSE_CONVERT_WINDOWS_PATHS=false BUILDX_GIT_INFO=false
	for setting in HOST CONTEXT CONFIG CERT_PATH TLS TLS_VERIFY API_VERSION; do
		eval "export DOCKER_$setting=\"\${DOCKER_$setting-}\""
	done
	for setting in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
		eval "export $setting=\"\${$setting-}\""
	done
	exec "$@"
)

# bare runs docker without any environment. It gets the folder of its settings, in which
# plug-ins may lie, as an argument.
bare() (
	docker=$(command -v docker) || docker=/usr/bin/docker
	settings=${DOCKER_CONFIG:-${HOME:+$HOME/.docker}}
	set -- "$docker" ${settings:+--config} ${settings:+"$settings"} "$@"
	forget false
	exec "$@"
)

# resolve writes the project's file, with the values of its variables, to the file $1.
# It does so once in a job. Before is set
#   original   a function that runs compose with the project's file and no environment
#   spool      the job's folder for its state
#   $2         the resource's folder
# The result has the services that only a profile enables, unless one of their env
# files is missing.
resolve() {
	[ ! -e "$spool/resolved" ] || return 0
	(
		umask 077
		made=0
		original --profile '*' config --format json >"$spool/config" 2>"$spool/read" ||
			original config --format json >"$spool/config" 2>"$spool/read" || made=$?
		grep -v "cannot expand '~'" "$spool/read" >&2 || :
		[ "$made" = 0 ] || exit "$made"
		settle "$2" <"$spool/config" >"$1.waybill-new" && mv -f "$1.waybill-new" "$1"
		rm -f "$spool/config"
	) || return
	: >"$spool/resolved"
}

# settle edits compose's JSON, which has one key a line. It
#   - removes variables without a value, which compose would look up again
#   - replaces ~ with the home of the login. Compose does not know that home here, and
#     takes ~ for a folder below $1
#   - halves dollar signs in keys, in which compose looks for no variables
settle() {
	below=$1 awk '
	BEGIN {
		home = ENVIRON["HOME"]
		gsub(/\$/, "$$", home)
		if (home !~ /^\// || home ~ /["\\]/) home = ""
		below = "\"" ENVIRON["below"] "/"
	}
	{
		match($0, /^ */)
		depth = RLENGTH
		if (match($0, /^ *"([^"\\]|\\.)*": /)) {
			key = substr($0, 1, RLENGTH)
			gsub(/\$\$/, "$", key)
		} else {
			RLENGTH = depth
			key = substr($0, 1, depth)
		}
		value = substr($0, RLENGTH + 1)
		if (depth <= variables) variables = 0
		if (variables && value ~ /^null,?$/) next
		if (key ~ /^ *"(environment|args)": $/ && value == "{") variables = depth
		if (home != "" && index(value, below) == 1 && match(value, /\/~[\/"]/))
			value = "\"" home substr(value, RSTART + 2)
		print key value
	}'
}
