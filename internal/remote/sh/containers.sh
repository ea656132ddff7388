# Ends the containers of the job's docker clients, and names others that may be the
# job's. What comes before sets what stop.sh says. docker.sh is needed too.
#
# A container is a child of the Docker engine: no group, session or environment ties
# it to the job. But a client in the foreground passes on the signals that it gets,
# and the engine notes that. So before the job's clients are killed they get a signal
# that nothing else sends. A container is the job's if the engine passed that signal
# to it, and if it was created since the job began, for a client in the foreground.
# Others that were created since then may be somebody else's, and are only named.

# beacon is a real-time signal, far from those that the C libraries use, and mostly
# another one for each stop. If two stops send the same one at the same time, each
# container is one that is to be ended anyway.
beacon=$((44 + $$ % 16))

# present sets present to a format of docker inspect: a container's name, whether it
# was created since the job began, whether for a client in the foreground, and the
# folder of its compose project. It fails for a job that began in an earlier boot, or
# never. The kernel gives times in hundredths of a second since it started.
present() {
	[ "$was" = "$boot" ] || return 1
	case $began in
	'' | *[!0-9]*) return 1 ;;
	esac
	while read -r word started rest; do
		[ "$word" != btime ] || break
	done </proc/stat
	since=$(date -u -d "@$((started + began / 100))" +%Y-%m-%dT%H:%M:%S) || return 1
	present='{{.Name}} {{ge .Created "'$since'"}} {{.Config.AttachStdout}} '
	present=$present'{{or (index .Config.Labels "com.docker.compose.project.working_dir") "-"}}'
}

# heard prints when the engine has passed the beacon to which container.
heard() {
	passed='{{if eq (index .Actor.Attributes "signal") "'$beacon'"}}{{.Actor.ID}}:{{.TimeNano}}{{end}}'
	ask_docker events --since 30s --until 0s --filter type=container --filter event=kill \
		--format "$passed" 2>/dev/null
}

# hail ends the container of each client that is alive. The client then ends by
# itself, and a stop that is cut off before that finds both again.
hail() {
	clients= count=0 tries=0
	for one in $seen; do
		case $one in
		*:docker) ! there "$one" || clients="$clients $pid" count=$((count + 1)) ;;
		esac
	done
	[ "$count" -gt 0 ] && present && before=$(heard) || return 0
	kill -s "$beacon" $clients 2>/dev/null
	while :; do
		nap 0.1
		ids= tries=$((tries + 1))
		for one in $(heard); do
			case $before in
			*"$one"*) ;;
			*) ids="$ids ${one%:*}" ;;
			esac
		done
		set -- $ids
		say 'H\n'
		[ "$#" -lt "$count" ] && [ "$tries" -lt 10 ] || break
	done
	for id; do
		said=$(ask_docker inspect --type container --format "$present" "$id" 2>/dev/null)
		case $said in
		*' true true '*) ;;
		*) continue ;;
		esac
		said=${said%% *}
		! ask_docker kill "$id" >/dev/null 2>&1 || say 'C %.128s\n' "${said#/}"
	done
}

# remaining names the containers that run, were created since the job began, and are
# of no compose project but one in the job's own folder.
remaining() {
	command -v docker >/dev/null 2>&1 && present || return 0
	if ! ids=$(ask_docker ps --quiet --no-trunc 2>/dev/null); then
		say 'U\n'
		return
	fi
	[ -n "$ids" ] || return 0
	ask_docker inspect --type container --format "$present" $ids 2>/dev/null |
		while read -r name new attached project; do
			[ "$new" = true ] || continue
			case $project/ in
			-/ | "$folder"/*) say 'R %.128s\n' "${name#/}" ;;
			esac
		done
}
