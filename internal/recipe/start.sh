# Starts what up has created. Before is set, besides what containers.sh says,
#   limit    the seconds for which compose may wait for dependencies
#   unwell   what to exit with if it is the containers that fail

# A container that was not started anew tells nothing of this start.
steady() { :; }
ids=$(containers) before=,
if [ -n "$ids" ] && look; then
	while take; do
		before="$before$name=$began,"
	done <<.
$lines
.
fi

status=0
compose up --detach --no-recreate || status=$?
[ "$status" -ne 0 ] || exit 0
if [ "$status" -eq 124 ]; then
	echo "What others depend on was not ready within $limit s." >&2
	exit "$unwell"
fi

# compose exits with 1 whatever happened. Only if a container is why, it is the
# containers that are not well; a taken port is something else.
limit=
ids=$(containers)
if [ -z "$ids" ] || ! look; then
	exit "$status"
fi
while take; do
	case $state-$health in
	exited-* | dead-*)
		case $before in
		*",$name=$began,"*) continue ;;
		esac
		case $code-$needs in
		0-*",$service:service_healthy:"*) ;;
		0-*) continue ;;
		esac
		;;
	running-unhealthy | restarting-*) ;;
	*) continue ;;
	esac
	words
	echo "$text." >&2
	status=$unwell
done <<.
$lines
.
exit "$status"
