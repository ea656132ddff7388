# Runs docker commands, filters their messages and explains their failures. docker_means,
# docker_advice and docker_answers come before, in the same file. The step sets
#   spool           the job's spool
#   docker_exit     the exit code of a step if docker does not answer
#   unhealthy_exit  the exit code of a step if containers are not healthy

# filter_messages reads docker's messages. Progress goes to stdout. The rest goes to stderr
# and into the file said. Each warning goes to stderr once in a job. It sets line.
filter_messages() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		*'level=warning msg='*)
			line=$(printf '%s\n' "${line#*level=warning msg=}" | sed 's/^"//; s/"$//; s/\\"/"/g')
			if ! grep -qxF -e "$line" "$spool/warned" 2>/dev/null; then
				printf '%s\n' "$line" >>"$spool/warned"
				printf 'Warning: %s\n' "$line" >&2
			fi
			continue
			;;
		'' | ' '* | '#'* | --- | ----* | Dockerfile:* | \
			'Container '* | 'Network '* | 'Volume '* | 'Image '*)
			printf '%s\n' "$line"
			continue
			;;
		[0-9].[0-9]* | [0-9][0-9].[0-9]* | [0-9][0-9][0-9].[0-9]* | [0-9][0-9][0-9][0-9].[0-9]*)
			# The last lines of a command that failed in a build come again, each with its
			# time. They are not docker's own words.
			printf '%s\n' "$line" >&2
			continue
			;;
		esac
		printf '%s\n' "$line" >>"$spool/said"
		printf '%s\n' "$line" >&2
	done
}

# explain_failure explains a command that failed with the code result. It returns result, or
# docker_exit if docker does not answer. A build may end with the code of a command in the
# Dockerfile. If Waybill gives that code a meaning of its own, it becomes 1. It sets result
# and what docker_means and docker_answers set.
explain_failure() {
	[ "$result" != 0 ] || return 0
	docker_means "$(cat "$spool/said")"
	[ -n "$trouble" ] || docker_answers || :
	[ -z "$trouble" ] || docker_advice "$trouble" >&2
	case $away-$result in
	yes-*) result=$docker_exit ;;
	"-$docker_exit" | "-$unhealthy_exit") result=1 ;;
	esac
	return "$result"
}

# tell COMMAND... runs a docker command that changes something, and shows its progress. It
# sets what explain_failure sets.
tell() {
	: >"$spool/said"
	{
		{
			result=0
			"$@" 2>&1 >&3 3>&- || result=$?
			echo "$result" >"$spool/result"
		} | filter_messages >&3 3>&-
	} 3>&1
	read -r result <"$spool/result"
	explain_failure
}

# ask COMMAND... runs a docker command for its output. It sets what explain_failure sets.
ask() {
	: >"$spool/said"
	result=0
	"$@" 2>"$spool/asked" || result=$?
	filter_messages <"$spool/asked" >&2
	explain_failure
}
