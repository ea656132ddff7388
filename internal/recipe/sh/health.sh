# Waits until every container is well. Before is set, besides what containers.sh
# and engine.sh say,
#   timeout   the seconds after which to give up
#   stable    the seconds for which a container without a health check must run
#   last      how many of the last lines of a container that has ended to show
#   exits     after how many ends of a container to give up, unset for never

# lasts reports whether what $1 names has been so for $2 seconds.
lasts() {
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

# steady reports whether this very start of the container has been seen to run
# for long enough.
steady() { lasts "$name@$began" "$stable"; }

# shutdown is how many seconds docker takes at most to stop containers before it
# ends itself. One that has been stopped for longer was stopped by somebody.
shutdown=15

# survey says what has changed, and sets lost and waiting to the containers that
# are not well, in words, and present to the names of all.
survey() {
	lost= waiting= says=$nl present=' '
	while take; do
		present="$present$name "
		judge
		words
		case $said in
		*"$nl$text$nl"*) ;;
		*) echo "$text." ;;
		esac
		says=$says$text$nl
		case $verdict in
		lost) lost="$lost$text, and docker does not start it again.$nl" ;;
		halted)
			if lasts "$name!$began" "$shutdown"; then
				lost="$lost$text: it was stopped, and docker does not start again what was stopped.$nl"
			else
				waiting="$waiting$text.$nl"
			fi
			;;
		crashed) lost="$lost$text: it ended while it was starting, so this start has failed.$nl" ;;
		waits) waiting="$waiting$text.$nl" ;;
		esac
	done <<.
$lines
.
	said=$says
	for name in $names; do
		case $present in
		*" $name "*) ;;
		*) lost="$lost$name is gone: it was removed during this start.$nl" ;;
		esac
	done
	names=$present
}

# observe looks at the containers. Those that it does not find may have been
# replaced, so it looks them up again. 1 if docker does not answer, or if it
# has just begun to.
observe() {
	if [ -n "$ids" ] && look 2>/dev/null; then
		return 0
	fi
	ids=$(containers 2>"$spool/asked") && docker_answers || return 1
	if [ -z "$ids" ]; then
		lines= needs=,
		[ -z "$names" ] || return 0
		echo 'Nothing was started: the project has no containers.' >&2
		exit "$unwell"
	fi
	look 2>/dev/null
}

# results shows what the containers printed in this start that have ended well.
# Docker's own time of a start can be later than the first line.
results() {
	begun=$(cat "$spool/begun" 2>/dev/null) || :
	while take; do
		judge
		[ "$verdict" = done ] || continue
		echo "The last $last lines of $name:"
		docker logs ${begun:+--since "$begun"} --tail "$last" "$name" 2>&1 || :
	done <<.
$lines
.
}

nl='
'
now=$(date +%s) said= seen=' ' ids= names= missed= waiting=
until=$((now + timeout))
while :; do
	if observe; then
		[ -z "$missed" ] || echo 'Docker answers again.'
		missed=
		survey
		if [ -n "$lost" ]; then
			printf %s "$lost" >&2
			exit "$unwell"
		fi
		if [ -z "$waiting" ]; then
			results
			echo 'All containers are well.'
			exit 0
		fi
	elif [ -z "$missed" ] && ! docker_answers; then
		missed=$trouble
		docker_advice "$trouble" >&2
		echo "Waiting for it for up to $((until - now)) s." >&2
	fi
	if [ "$now" -ge "$until" ]; then
		break
	fi
	sleep 1
	now=$(date +%s)
done
if [ -n "$missed" ]; then
	printf 'Docker did not answer again within %s s, so it is unknown how the containers are.\n' "$timeout" >&2
	exit "$absent"
fi
if [ -z "$names" ]; then
	cat "$spool/asked" >&2
	exit 1
fi
printf 'Not well within %s s:\n%s' "$timeout" "$waiting" >&2
echo "If they only need longer, raise the resource's health_timeout." >&2
exit "$unwell"
