# Ends the containers of the job's docker clients, and names other containers that may be
# the job's. stop.sh comes after, and docker.sh before.
#
# A container is a child of the Docker engine. No process group, session or environment
# ties it to the job. But a client in the foreground passes the signals that it gets to
# its container, and the engine records that as an event. So the job's clients get a
# signal that nothing else sends, before they are killed. A container is the job's if the
# engine passed that signal to it, if it was created since the job began, and if its
# client is in the foreground. Other containers that were created since then may belong to
# another job. They are only named.

# beacon is a real-time signal, far from those that C libraries use. Most stops use
# different ones. If two stops use the same one at the same time, each container that gets
# it is to be ended anyway.
beacon=$((44 + $$ % 16))

# set_format sets format to a format of docker inspect: the name of a container, whether it
# was created since the job began, whether its client is in the foreground, and the folder
# of its compose project. It fails if the job began before the last boot, or never. The
# kernel gives times in hundredths of a second since the boot. It reads job_boot, boot and
# began; sets word, booted and since.
set_format() {
	[ "$job_boot" = "$boot" ] || return 1
	case $began in
	'' | *[!0-9]*) return 1 ;;
	esac
	while read -r word booted _; do
		[ "$word" != btime ] || break
	done </proc/stat
	since=$(date -u -d "@$((booted + began / 100))" +%Y-%m-%dT%H:%M:%S) || return 1
	format='{{.Name}} {{ge .Created "'$since'"}} {{.Config.AttachStdout}} '
	format=$format'{{or (index .Config.Labels "com.docker.compose.project.working_dir") "-"}}'
}

# list_signalled prints a line for each time that the engine passed the beacon to a
# container: ID:TIME. It sets passed.
list_signalled() {
	passed='{{if eq (index .Actor.Attributes "signal") "'$beacon'"}}{{.Actor.ID}}:{{.TimeNano}}{{end}}'
	ask_docker events --since 30s --until 0s --filter type=container --filter event=kill \
		--format "$passed" 2>/dev/null
}

# end_containers ends the container of each docker client in seen that is alive. The client
# then ends by itself. If the stop breaks off before that, the next one finds both again. It
# sets clients, count, before, ids, tries, one, id, described and what set_format and
# still_runs set.
end_containers() {
	clients='' count=0 tries=0
	for one in $seen; do
		case $one in
		*:docker) ! still_runs "$one" || clients="$clients $pid" count=$((count + 1)) ;;
		esac
	done
	{ [ "$count" -gt 0 ] && set_format && before=$(list_signalled); } || return 0
	# shellcheck disable=SC2086 # pids
	kill -s "$beacon" $clients 2>/dev/null
	while :; do
		nap 0.1
		ids='' tries=$((tries + 1))
		for one in $(list_signalled); do
			case $before in
			*"$one"*) ;;
			*) ids="$ids ${one%:*}" ;;
			esac
		done
		# shellcheck disable=SC2086 # ids
		set -- $ids
		say 'H\n'
		{ [ "$#" -lt "$count" ] && [ "$tries" -lt 10 ]; } || break
	done
	for id; do
		described=$(ask_docker inspect --type container --format "$format" "$id" 2>/dev/null)
		case $described in
		*' true true '*) ;;
		*) continue ;;
		esac
		described=${described%% *}
		! ask_docker kill "$id" >/dev/null 2>&1 || say 'C %.128s\n' "${described#/}"
	done
}

# report_containers names the containers that run, were created since the job began, and
# belong to no compose project outside of the resource's folder. It sets ids, name, new,
# project and what set_format sets.
report_containers() {
	{ command -v docker >/dev/null 2>&1 && set_format; } || return 0
	if ! ids=$(ask_docker ps --quiet --no-trunc 2>/dev/null); then
		say 'U\n'
		return
	fi
	[ -n "$ids" ] || return 0
	# shellcheck disable=SC2086 # ids
	ask_docker inspect --type container --format "$format" $ids 2>/dev/null |
		while read -r name new _ project; do
			[ "$new" = true ] || continue
			case $project/ in
			-/ | "$folder"/*) say 'R %.128s\n' "${name#/}" ;;
			esac
		done
}
