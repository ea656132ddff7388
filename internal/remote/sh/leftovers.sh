# Names the spools whose job is not alive. session.sh comes before. Go sets
#   runs  the folder of the spools

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
	{ [ -d "$name" ] && [ ! -L "$name" ]; } || continue
	[ ! -e "$runs/$name/lock" ] || is_unlocked "$runs/$name" || continue
	say 'N %s\n' "$name"
done
say 'D\n'
