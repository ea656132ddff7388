# Waits until every container is well. Before is set, besides what containers.sh
# says,
#   timeout   the seconds after which to give up
#   stable    the seconds for which a container without a health check must run
#   unwell    what to exit with then

# steady reports whether this very start of the container has been seen to run
# for long enough.
steady() {
	case $starts in
	*" $name=$began="*)
		since=${starts#*" $name=$began="}
		since=${since%% *}
		;;
	*)
		since=$now
		starts="$starts$name=$began=$now "
		;;
	esac
	[ "$((now - since))" -ge "$stable" ]
}

# survey says what has changed, and sets lost and waiting to the containers that
# are not well, in words.
survey() {
	lost= waiting= says=$nl
	while take; do
		judge
		words
		case $said in
		*"$nl$text$nl"*) ;;
		*) echo "$text." ;;
		esac
		says=$says$text$nl
		case $verdict in
		lost) lost="$lost$text, and will not be restarted.$nl" ;;
		waits) waiting="$waiting$text.$nl" ;;
		esac
	done <<.
$lines
.
	said=$says
}

nl='
'
ids=$(containers)
if [ -z "$ids" ]; then
	echo 'Nothing was started: the project has no containers.' >&2
	exit "$unwell"
fi
now=$(date +%s) said= starts=' '
until=$((now + timeout))
while :; do
	if ! look; then
		echo 'A container that was started is gone.' >&2
		exit "$unwell"
	fi
	survey
	if [ -n "$lost" ]; then
		printf %s "$lost" >&2
		exit "$unwell"
	fi
	if [ -z "$waiting" ]; then
		echo 'All is well.'
		exit 0
	fi
	if [ "$now" -ge "$until" ]; then
		printf 'Not well within %s s:\n%s' "$timeout" "$waiting" >&2
		exit "$unwell"
	fi
	sleep 1
	now=$(date +%s)
done
