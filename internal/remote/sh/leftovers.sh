# Names the spools whose job is not alive. Before is set
#   runs   the folder of the spools

need flock
cd "$runs" 2>/dev/null || {
	[ ! -e "$runs" ] || fail NOPERM
	say 'D\n'
	exit 0
}
for name in *; do
	case $name in
	[!a-zA-Z0-9]* | *[!a-zA-Z0-9._-]*) continue ;;
	esac
	[ -d "$name" ] && [ ! -L "$name" ] || continue
	spool=$runs/$name
	[ ! -e "$spool/lock" ] || free || continue
	say 'N %s\n' "$name"
done
say 'D\n'
