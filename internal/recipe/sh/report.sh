# Explains, for each container that is not healthy, the likely reason. containers.sh comes
# before. The step sets
#   report_lines  the number of last lines to show

# is_stable reports whether the container was never restarted. One that was restarted may end
# again at any time.
is_stable() { [ "$restarts" = 0 ]; }

# add_last_exit adds to text the last exit code of a container that runs again. Docker
# forgets it at each start; only its events still have it. The filter also matches containers
# with longer names. It sets last_event.
add_last_exit() {
	{ [ "$state" = running ] && [ "$restarts" != 0 ]; } || return 0
	last_event=$(docker events --since 1h --until 0s --filter event=die --filter "container=$name" \
		--format '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}' 2>/dev/null |
		grep -F -e "$name " | tail -n 1)
	[ -z "$last_event" ] || text="$text; the last time it exited with code ${last_event##* }"
}

ids=$(containers 2>/dev/null) || exit 0
{ [ -n "$ids" ] && inspect_containers 2>/dev/null; } || exit 0
while next_container; do
	classify
	case $verdict in
	healthy | finished | excluded) is_awaited || continue ;;
	esac
	describe
	add_last_exit
	! is_awaited || text="$text; others start only when it $event"
	echo "$text."
	docker container inspect --format '{{with .State.Error}}Docker says: {{.}}{{end}}' "$name" | grep . || :
	[ "$state" != created ] || continue
	format='{{with .State.Health}}{{range .Log}}'
	format=$format'exit code {{.ExitCode}}: {{.Output}}{{println}}{{end}}{{end}}'
	checks=$(docker container inspect --format "$format" "$name" | grep . | tail -n 5) || :
	if [ -n "$checks" ] && [ "$health" != healthy ]; then
		printf 'Its health check said last:\n%s\n' "$checks"
	fi
	echo "The last $report_lines lines of $name:"
	docker logs --tail "$report_lines" "$name" 2>&1 || :
done <<.
$lines
.
