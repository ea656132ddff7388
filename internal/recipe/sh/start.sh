# Starts what up has created. Before is set, besides what containers.sh and
# engine.sh say,
#   limit    the seconds for which compose may wait for dependencies

# A container that this start did not touch tells nothing of it.
steady() { :; }
ids=$(containers 2>/dev/null) before=,
if [ -n "$ids" ] && look 2>/dev/null; then
	while take; do
		before="$before$name=$began,"
	done <<.
$lines
.
fi

date +%s >"$spool/begun"
read -r started rest </proc/uptime
status=0
tell compose up --detach --no-recreate || status=$?
case $status in
0 | "$absent") exit "$status" ;;
esac
patience=$limit limit=
ids=$(containers 2>/dev/null) || exit "$status"
if [ -z "$ids" ] || ! look 2>/dev/null; then
	exit "$status"
fi
# That of busybox does not exit with 124 for a command that ends by itself on TERM.
read -r ended rest </proc/uptime
if [ "$status" -eq 124 ] || [ $((${ended%.*} - ${started%.*})) -ge "$patience" ]; then
	echo "Not everything could be started within $patience s." >&2
	slow >&2
	exit "$unwell"
fi

# compose exits with 1 whatever happened. Only if a container is why, it is the
# containers that are not well; a taken port is something else.
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
