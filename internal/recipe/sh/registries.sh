# Makes docker's client use the logins of image registries until the step ends. engine.sh
# comes before. The step sets
#   spool  the job's spool, which has the file registries
#   last   yes if no later step needs the logins
#
# The client gets a folder of settings of its own: links to what is in the user's folder, and
# the user's settings with the logins. The logins are members of a JSON object and are put
# before its end. Docker's reader merges two members of one name, so the logins that the
# user has made stay.

# remove_logins removes the folder, and the file after the last step or a failure.
remove_logins() {
	[ "$?$last" = 0 ] || rm -f "$spool/registries"
	rm -rf "$spool/docker"
}

# write_settings FOLDER writes the settings. They are on no command line.
write_settings() (
	umask 077
	rm -rf "$spool/docker"
	mkdir "$spool/docker"
	for file in "$1"/*; do
		case $file in
		*/config.json | */'*') ;;
		*) ln -s "$file" "$spool/docker/" ;;
		esac
	done
	settings=''
	[ ! -f "$1/config.json" ] || settings=$(cat "$1/config.json")
	case $settings in
	*'"'*'}'*) settings=${settings%'}'*}, ;;
	*) settings='{' ;;
	esac
	{
		cat <<.
$settings
.
		cat "$spool/registries"
		echo '}'
	} >"$spool/docker/config.json"
)

trap remove_logins EXIT
trap 'exit 143' TERM INT HUP
write_settings "${DOCKER_CONFIG:-${HOME-}/.docker}"
DOCKER_CONFIG=$spool/docker
