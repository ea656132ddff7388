# How the steps speak to docker. What docker's texts mean is in front of this, in
# docker_means and its like. Before is set
#   spool    the job's folder for its state
#   absent   what to exit with if docker does not answer
#   unwell   what to exit with if containers are not well

# sift takes what docker says besides its output. Progress goes to stdout; the
# rest, with each warning once, goes to stderr and into the file said.
sift() {
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
		'' | ' '* | '#'* | --- | ----* | Dockerfile:* | 'Container '* | 'Network '* | 'Volume '* | 'Image '*)
			printf '%s\n' "$line"
			continue
			;;
		[0-9].[0-9]* | [0-9][0-9].[0-9]* | [0-9][0-9][0-9].[0-9]* | [0-9][0-9][0-9][0-9].[0-9]*)
			# A command of a build that failed has its last lines repeated, each with
			# its time. They are not docker's own words.
			printf '%s\n' "$line" >&2
			continue
			;;
		esac
		printf '%s\n' "$line" >>"$spool/said"
		printf '%s\n' "$line" >&2
	done
}

# conclude explains a command that failed with result, and returns that, or
# absent if docker does not answer. A build may end with the code of a command in
# the Dockerfile: one that is a verdict of Waybill's elsewhere becomes 1.
conclude() {
	[ "$result" != 0 ] || return 0
	docker_means "$(cat "$spool/said")"
	[ -n "$trouble" ] || docker_answers || :
	[ -z "$trouble" ] || docker_advice "$trouble" >&2
	case $away-$result in
	yes-*) result=$absent ;;
	"-$absent" | "-$unwell") result=1 ;;
	esac
	return "$result"
}

# tell runs a command of docker that changes something, and shows how it goes.
tell() {
	: >"$spool/said"
	{
		{
			result=0
			"$@" 2>&1 >&3 3>&- || result=$?
			echo "$result" >"$spool/result"
		} | sift >&3 3>&-
	} 3>&1
	read -r result <"$spool/result"
	conclude
}

# ask runs a command of docker for its output.
ask() {
	: >"$spool/said"
	result=0
	"$@" 2>"$spool/asked" || result=$?
	sift <"$spool/asked" >&2
	conclude
}
