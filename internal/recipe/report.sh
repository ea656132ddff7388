# Says of each container that is not well why that may be. Before is set, besides
# what containers.sh says,
#   last   how many of its last lines to show

# steady: one that was restarted may be between two of its ends.
steady() { [ "$restarts" = 0 ]; }

ids=$(containers 2>/dev/null) || exit 0
[ -n "$ids" ] && look || exit 0
while take; do
	judge
	case $verdict in
	well | done) continue ;;
	esac
	words
	[ "$state" != created ] || text="$name was created and never started"
	echo "$text: exit code $code, out of memory $oom, restarted $restarts times."
	docker container inspect --format '{{with .State.Error}}Docker says: {{.}}{{end}}' "$name" | grep . || :
	checked=$(docker container inspect --format '{{with .State.Health}}{{range .Log}}exit code {{.ExitCode}}: {{.Output}}{{println}}{{end}}{{end}}' "$name" | grep . | tail -n 5) || :
	[ -z "$checked" ] || [ "$health" = healthy ] || printf 'Its health check said last:\n%s\n' "$checked"
	echo "The last $last lines of $name:"
	docker logs --tail "$last" "$name" 2>&1 || :
done <<.
$lines
.
