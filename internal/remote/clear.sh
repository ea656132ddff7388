# Removes the resource's folder behind the last job that used it, or as much of
# it as is ours. Before is set
#   whole   1 if everything in it goes, whoever put it there
#   drop    a function that calls forget with the path of each of our files
#
# A whole folder is moved out of the way first: whoever begins there meanwhile
# gets a new one, and what a broken session leaves half removed goes next time.
need flock mv
gone=$dir.waybill-gone

# forget removes a file and the folders above it that are empty then, up to the
# resource's own.
forget() {
	rm -f "$1" "$1.waybill-new" 2>/dev/null || fail NOPERM
	folder=${1%/*}
	while [ "${folder#"$dir"/}" != "$folder" ] && rmdir "$folder" 2>/dev/null; do
		folder=${folder%/*}
	done
}

# sweep removes a tree, and says meanwhile that it is at work. What is mounted
# below it is somebody's data, so rm stays on its file system where it can.
sweep() {
	[ -e "$1" ] || [ -L "$1" ] || return 0
	one=
	rm -f --one-file-system 2>/dev/null && one=--one-file-system
	rm -rf $one "$1" 2>/dev/null 4>&- &
	while kill -0 $! 2>/dev/null; do
		say 'H\n'
		nap 0.2
	done
	[ ! -e "$1" ] || fail NOPERM
}

sweep "$gone"
if [ -L "$dir" ]; then
	rm -f "$dir" 2>/dev/null || fail NOPERM
elif [ -d "$dir" ]; then
	claim || fail ALIVE
	last
	! later "$last" "$deployment" || fail "HELD $last 0"
	if [ "$whole" = 1 ]; then
		mv "$dir" "$gone" 2>/dev/null || fail NOPERM
		sweep "$gone"
	else
		drop
		rm -f "$dir/.waybill-last" "$dir/.waybill-last.new" "$dir/.waybill-lock" 2>/dev/null || fail NOPERM
		rmdir "$dir" 2>/dev/null
	fi
fi
left=0
[ ! -d "$dir" ] || left=1
say 'D %s\n' "$left"
