# Says how a resource is, in lines that begin with a letter:
#   C  a container, in the words of containers.sh     F  why docker cannot tell
#   S  how an application is that runs by commands    H  the commit it is of
#   M  the first line of the commit's message         E  nothing is missing
# Before is set
#   control  the resource's folder for what Waybill trusts
#   folder   the resource's own
#   name     the project's of compose; nothing if the resource has no containers
#   asks     not empty if the resource has a health command to ask
# and, with a name, compose and what containers.sh says. docker_answers and its
# like are defined.

docker_containers() {
	set -f
	if ! docker_answers 2>/dev/null; then
		echo "F $(docker_advice "$trouble")"
		return
	fi
	# Without its file compose does not know which containers are the project's.
	ids=$(containers 2>/dev/null) ||
		ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$name" 2>/dev/null)
	[ -n "$ids" ] || return
	if look 2>/dev/null; then
		echo "$lines" | sed 's/^/C /'
	else
		echo 'F Its containers are being replaced.'
	fi
}

commands() {
	last=$(cat operation 2>/dev/null)
	case $last in
	'') echo 'S none' ;;
	stop | delete) echo 'S stopped' ;;
	*)
		if [ -z "$asks" ] || [ ! -e health.sh ]; then
			[ "$last" = starting ] && echo 'S unfinished' || echo 'S started'
		elif (
			set -- "$folder" "$control" # .env may set any name
			set -a
			[ ! -e .env ] || . ./.env
			set +a
			cd "$1" && exec timeout 10 sh -e "$2/health.sh"
		) >/dev/null 2>&1; then
			echo 'S healthy'
		elif [ "$last" = starting ]; then
			echo 'S unfinished'
		else
			echo 'S unhealthy'
		fi
		;;
	esac
}

printf '\nwaybill-status\n'
if cd "$control" 2>/dev/null || [ -n "$name" ]; then
	if [ -n "$name" ]; then
		docker_containers
	else
		commands
	fi
	if [ -e commit ]; then
		{
			read -r hash
			read -r message
		} <commit
		printf 'H %s\nM %s\n' "$hash" "$message"
	fi
fi
echo E
