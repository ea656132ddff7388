# Writes a team's compose file with values in place of its variables. client.sh comes
# before. Compose prefers its own environment to an env file. So it first reads the team's
# file without any environment, and writes the result to another file, in which no variable
# is left. Only that file runs, with the client's environment: nothing that the client needs
# reaches a container.

# without_environment ARGUMENT... runs docker without any environment. Docker gets the
# folder of its settings, which may have plug-ins, as an argument.
without_environment() (
	docker=$(command -v docker) || docker=/usr/bin/docker
	docker_settings=${DOCKER_CONFIG:-${HOME:+$HOME/.docker}}
	set -- "$docker" ${docker_settings:+--config} ${docker_settings:+"$docker_settings"} "$@"
	forget false
	exec "$@"
)

# resolve FILE FOLDER writes the project's file with values to FILE, once in a job. FOLDER is
# the resource's own folder. The step defines original, which runs compose with the team's
# file and no environment, and sets spool. The result has the services that only a profile
# enables, unless one of their env files is missing.
resolve() {
	[ ! -e "$spool/resolved" ] || return 0
	(
		umask 077
		made=0
		original --profile '*' config --format json >"$spool/config" 2>"$spool/read" ||
			original config --format json >"$spool/config" 2>"$spool/read" || made=$?
		grep -v "cannot expand '~'" "$spool/read" >&2 || :
		[ "$made" = 0 ] || exit "$made"
		edit_config "$2" <"$spool/config" >"$1.waybill-new" && mv -f "$1.waybill-new" "$1"
		rm -f "$spool/config"
	) || return
	: >"$spool/resolved"
}

# edit_config FOLDER edits compose's JSON, which has one key a line. It
#   - removes variables without a value, which compose would look up again
#   - replaces ~ by the home of the login. Compose does not know that home here, and
#     takes ~ for a folder below FOLDER
#   - halves dollar signs in keys, where compose looks for no variables
edit_config() {
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
