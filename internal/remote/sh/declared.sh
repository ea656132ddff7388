# Sends the lines of a spool's out and err that declare a secret, so that who
# goes on in the middle knows them. Before is set
#   begins   what such a line begins with, a text that means itself to grep
#   piece    how much is looked through at once
#   overlap  how much of that is looked through again with the next
#   left     how much is sent at most
#
# grep has a whole line in its memory, and a line may have no end: so it gets a
# piece at a time. A line that a piece cuts off has the nonce at its end and is
# not counted; it is whole in the next piece. What a piece begins in is no line.

# sweep looks through a file from a place to another.
sweep() {
	at=$3 cut=
	while [ "$at" -lt "$4" ]; do
		to=$((at + piece))
		[ "$to" -le "$4" ] || to=$4
		exec 5<"$spool/$2" || fail NOSPOOL
		dd bs=1 count=0 skip="$at" <&5 2>/dev/null
		found=$({
			printf %s "$cut"
			head -c "$((to - at))" <&5
			printf %s "$nonce"
		} | LC_ALL=C grep -a "^$begins" | head -c "$left" | base64)
		if [ -n "$found" ]; then
			say '%s 0 %s 0\n%s' "$1" "${#found}" "$found"
			left=$((left - ${#found} / 4 * 3))
			[ "$left" -gt 0 ] || return
		fi
		say 'H\n'
		[ "$to" -lt "$4" ] || return
		at=$((to - overlap)) cut=.
	done
}

# hole is 1 if bytes were dropped between head and tail of a file; then gap is
# where its tail begins.
hole() {
	hole=0 gap=0
	[ ! -e "$spool/gap.$1" ] || read -r gap <"$spool/gap.$1"
	[ "$gap" -le "$keep" ] || hole=1
}

# through looks through a file, but not through what was dropped of it.
through() {
	size=$(stat -c %s "$spool/$2") || fail NOSPOOL
	hole "$2"
	if [ "$hole" = 1 ]; then
		sweep "$1" "$2" 0 "$keep"
		[ "$left" -le 0 ] || sweep "$1" "$2" "$gap" "$size"
	else
		sweep "$1" "$2" 0 "$size"
	fi
	hole "$2" # more may have been dropped meanwhile
	holes=$((holes + hole))
}

need grep stat head dd base64
holes=0
if [ -e "$spool/pid" ]; then
	read -r group began was mark marker keep others <"$spool/pid" || fail NOSPOOL
	through O out
	[ "$left" -le 0 ] || through E err
fi
say 'Y %s %s\n' "$holes" "$((left <= 0))"
