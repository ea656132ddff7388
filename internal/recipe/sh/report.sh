# Says of each container that is not well why that may be. Before is set, besides
# what containers.sh says,
#   last   how many of its last lines to show

# steady: one that was restarted may be between two of its ends.
steady() { [ "$restarts" = 0 ]; }

# ended adds to text what a container ended with that runs again. Docker forgets
# that at each start, and only its events still have it: those of all whose
# names begin like this one's.
ended() {
	[ "$state" = running ] && [ "$restarts" != 0 ] || return 0
	before=$(docker events --since 1h --until 0s --filter event=die --filter "container=$name" \
		--format '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}' 2>/dev/null | grep -F -e "$name " | tail -n 1)
	[ -z "$before" ] || text="$text; the last time it exited with code ${before##* }"
}

ids=$(containers 2>/dev/null) || exit 0
[ -n "$ids" ] && look 2>/dev/null || exit 0
while take; do
	judge
	case $verdict in
	well | done) awaited || continue ;;
	esac
	words
	ended
	! awaited || text="$text; others start only when it $event"
	echo "$text."
	docker container inspect --format '{{with .State.Error}}Docker says: {{.}}{{end}}' "$name" | grep . || :
	[ "$state" != created ] || continue
	checked=$(docker container inspect --format '{{with .State.Health}}{{range .Log}}exit code {{.ExitCode}}: {{.Output}}{{println}}{{end}}{{end}}' "$name" | grep . | tail -n 5) || :
	[ -z "$checked" ] || [ "$health" = healthy ] || printf 'Its health check said last:\n%s\n' "$checked"
	echo "The last $last lines of $name:"
	docker logs --tail "$last" "$name" 2>&1 || :
done <<.
$lines
.
