# Waits until every container is healthy. engine.sh and containers.sh come before. The step
# sets
#   health_timeout  the seconds after which it gives up
#   stable          the seconds for which a container without a health check must run
#   report_lines    the number of last lines to show of a container that has ended
#   max_exits       after how many ends of a container it gives up; unset for no limit

# has_lasted STATE SECONDS reports whether a state has lasted for so long. It sets since to
# the time when the state was first seen, and adds that to seen. It reads now.
has_lasted() {
	case $seen in
	*" $1="*)
		since=${seen#*" $1="}
		since=${since%% *}
		;;
	*)
		since=$now
		seen="$seen$1=$now "
		;;
	esac
	[ "$((now - since))" -ge "$2" ]
}

# is_stable reports whether the container has run for long enough since its last start.
is_stable() { has_lasted "$name@$began" "$stable"; }

# Docker takes at most this many seconds to stop containers before it ends itself. A
# container that has been stopped for longer was stopped by a user.
shutdown=15

# report_changes prints each container whose state has changed. It sets failed and waiting to
# sentences about the containers that are not healthy, and names to the names of all. It also
# sets reported, texts and found_names, and what classify and describe set.
report_changes() {
	failed='' waiting='' texts=$newline found_names=' '
	while next_container; do
		found_names="$found_names$name "
		classify
		describe
		case $reported in
		*"$newline$text$newline"*) ;;
		*) echo "$text." ;;
		esac
		texts=$texts$text$newline
		case $verdict in
		failed) failed="$failed$text, and docker does not start it again.$newline" ;;
		stopped)
			if has_lasted "$name!$began" "$shutdown"; then
				failed="$failed$text: it was stopped, and docker does not start again what was stopped."
				failed=$failed$newline
			else
				waiting="$waiting$text.$newline"
			fi
			;;
		crashed) failed="$failed$text: it ended while it was starting, so this start has failed.$newline" ;;
		waiting) waiting="$waiting$text.$newline" ;;
		esac
	done <<.
$lines
.
	reported=$texts
	for name in $names; do
		case $found_names in
		*" $name "*) ;;
		*) failed="$failed$name is gone: it was removed during this start.$newline" ;;
		esac
	done
	names=$found_names
}

# refresh inspects the containers. If it does not find them, they may have been replaced, so
# it lists them again. It fails if docker does not answer, or has only just begun to. It sets
# ids and what inspect_containers sets.
refresh() {
	if [ -n "$ids" ] && inspect_containers 2>/dev/null; then
		return 0
	fi
	{ ids=$(containers 2>"$spool/asked") && docker_answers; } || return 1
	if [ -z "$ids" ]; then
		lines='' conditions=,
		[ -z "$names" ] || return 0
		echo 'Nothing was started: the project has no containers.' >&2
		exit "$unhealthy_exit"
	fi
	inspect_containers 2>/dev/null
}

# show_output prints the output in this start of the containers that have finished. The first
# line can be older than docker's own time of the start. It sets begun and what classify sets.
show_output() {
	begun=$(cat "$spool/begun" 2>/dev/null) || :
	while next_container; do
		classify
		[ "$verdict" = finished ] || continue
		echo "The last $report_lines lines of $name:"
		docker logs ${begun:+--since "$begun"} --tail "$report_lines" "$name" 2>&1 || :
	done <<.
$lines
.
}

newline='
'
now=$(date +%s) reported='' seen=' ' ids='' names='' outage='' waiting=''
deadline=$((now + health_timeout))
while :; do
	if refresh; then
		[ -z "$outage" ] || echo 'Docker answers again.'
		outage=''
		report_changes
		if [ -n "$failed" ]; then
			printf %s "$failed" >&2
			exit "$unhealthy_exit"
		fi
		if [ -z "$waiting" ]; then
			show_output
			echo 'All containers are well.'
			exit 0
		fi
	elif [ -z "$outage" ] && ! docker_answers; then
		outage=$trouble
		docker_advice "$trouble" >&2
		echo "Waiting for it for up to $((deadline - now)) s." >&2
	fi
	if [ "$now" -ge "$deadline" ]; then
		break
	fi
	sleep 1
	now=$(date +%s)
done
if [ -n "$outage" ]; then
	printf 'Docker did not answer again within %s s, so it is unknown how the containers are.\n' \
		"$health_timeout" >&2
	exit "$docker_exit"
fi
if [ -z "$names" ]; then
	cat "$spool/asked" >&2
	exit 1
fi
printf 'Not well within %s s:\n%s' "$health_timeout" "$waiting" >&2
echo "If they only need longer, raise the resource's health_timeout." >&2
exit "$unhealthy_exit"
