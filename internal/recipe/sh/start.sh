# Starts the containers that compose has created. engine.sh and containers.sh come before. The
# step sets
#   limit  the seconds for which compose may wait for dependencies

# A container that this start did not touch is no sign that this start failed.
ids=$(containers 2>/dev/null) before=,
if [ -n "$ids" ] && inspect_containers 2>/dev/null; then
	while next_container; do
		before="$before$name=$began,"
	done <<.
$lines
.
fi

date +%s >"$spool/begun"
read -r started _ </proc/uptime
status=0
tell compose up --detach --no-recreate || status=$?
case $status in
0 | "$docker_exit") exit "$status" ;;
esac
patience=$limit limit=''
ids=$(containers 2>/dev/null) || exit "$status"
if [ -z "$ids" ] || ! inspect_containers 2>/dev/null; then
	exit "$status"
fi
# The timeout of busybox does not exit with 124 if the command itself ends on TERM.
read -r ended _ </proc/uptime
if [ "$status" -eq 124 ] || [ $((${ended%.*} - ${started%.*})) -ge "$patience" ]; then
	echo "Not everything could be started within $patience s." >&2
	report_awaited >&2
	exit "$unhealthy_exit"
fi

# Compose exits with 1 for every failure. Only if a container is the reason, the containers
# are not healthy. A port that is in use, for example, is another reason.
while next_container; do
	case $state-$health in
	exited-* | dead-*)
		case $before in
		*",$name=$began,"*) continue ;;
		esac
		case $code-$conditions in
		0-*",$service:service_healthy:"*) ;;
		0-*) continue ;;
		esac
		;;
	running-unhealthy | restarting-*) ;;
	*) continue ;;
	esac
	describe
	echo "$text." >&2
	status=$unhealthy_exit
done <<.
$lines
.
exit "$status"
