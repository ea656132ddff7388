# Prints the state of a resource, in lines that begin with a letter:
#   C  a container: the line of containers.sh
#   F  the reason why docker cannot tell the state
#   S  the state of an application that runs by commands
#   H  the commit of the resource
#   M  the first line of the commit's message
#   E  the end: no line is missing
# client.sh and containers.sh come before, and docker_answers and docker_advice too. Go sets
#   control         the path of the control folder
#   folder          the path of the resource's own folder
#   project         compose's name for the project, or nothing if there are no containers
#   health_command  not empty if the resource has a health command
# and, for a project, defines compose.

# print_containers prints the C lines or an F line. It sets ids and what docker_answers and
# inspect_containers set.
print_containers() {
	set -f
	if ! docker_answers 2>/dev/null; then
		echo "F $(docker_advice "$trouble")"
		return
	fi
	# Without its file, compose does not know the project's containers.
	ids=$(containers 2>/dev/null) ||
		ids=$(docker ps --all --quiet --no-trunc \
			--filter "label=com.docker.compose.project=$project" 2>/dev/null)
	[ -n "$ids" ] || return
	if inspect_containers 2>/dev/null; then
		echo "$lines" | sed 's/^/C /'
	else
		echo 'F Its containers are being replaced.'
	fi
}

# print_command_state prints the S line. It sets operation.
print_command_state() {
	operation=$(cat operation 2>/dev/null)
	case $operation in
	'') echo 'S none' ;;
	stop | delete) echo 'S stopped' ;;
	*)
		if [ -z "$health_command" ] || [ ! -e health.sh ]; then
			if [ "$operation" = starting ]; then echo 'S unfinished'; else echo 'S started'; fi
		elif (
			set -- "$folder" "$control" # .env may set any variable
			set -a
			# shellcheck disable=SC1091 # a file of the team's variables
			[ ! -e .env ] || . ./.env
			set +a
			cd "$1" && exec timeout 10 sh -e "$2/health.sh"
		) >/dev/null 2>&1; then
			echo 'S healthy'
		elif [ "$operation" = starting ]; then
			echo 'S unfinished'
		else
			echo 'S unhealthy'
		fi
		;;
	esac
}

printf '\nwaybill-status\n'
if cd "$control" 2>/dev/null || [ -n "$project" ]; then
	if [ -n "$project" ]; then
		print_containers
	else
		print_command_state
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
