# Sends the lines of a spool's out and err that declare a secret. A reader that starts in
# the middle must know them. session.sh and fence.sh come before. Besides their
# variables, Go sets
#   begins   the prefix of such a line, a text without meaning to grep
#   piece    the number of bytes that are searched at once
#   overlap  the number of these bytes that are searched again with the next piece
#   budget   the number of bytes that may be sent
#
# grep keeps a whole line in memory, and a line may have no end. So it gets one piece at a
# time. If a piece cuts a line off, the line ends with the nonce and does not count: the
# next piece has all of it. A piece that starts inside of a line gets a dot in front.

# search_part KIND NAME FROM TO searches a part of a file. It reads piece and overlap; sets
# at, to, cut and found; and takes what it sends from budget.
search_part() {
	at=$3 cut=''
	while [ "$at" -lt "$4" ]; do
		to=$((at + piece))
		[ "$to" -le "$4" ] || to=$4
		exec 5<"$spool/$2" || fail NOSPOOL
		dd bs=1 count=0 skip="$at" <&5 2>/dev/null
		found=$({
			printf %s "$cut"
			head -c "$((to - at))" <&5
			printf %s "$nonce"
		} | LC_ALL=C grep -a "^$begins" | head -c "$budget" | base64)
		if [ -n "$found" ]; then
			say '%s 0 %s 0\n%s' "$1" "${#found}" "$found"
			# shellcheck disable=SC2017 # base64 makes 4 characters of 3 bytes
			budget=$((budget - ${#found} / 4 * 3))
			[ "$budget" -gt 0 ] || return
		fi
		say 'H\n'
		[ "$to" -lt "$4" ] || return
		at=$((to - overlap)) cut=.
	done
}

# read_hole NAME sets hole to 1 if bytes were dropped between the head and the tail of a
# file, and gap to the offset of its tail. It reads keep.
read_hole() {
	hole=0 gap=0
	[ ! -e "$spool/gap.$1" ] || read -r gap <"$spool/gap.$1"
	[ "$gap" -le "$keep" ] || hole=1
}

# search_file KIND NAME searches a file except for its dropped bytes. It adds to holes; sets
# size and what read_hole and search_part set.
search_file() {
	size=$(stat -c %s "$spool/$2") || fail NOSPOOL
	read_hole "$2"
	if [ "$hole" = 1 ]; then
		search_part "$1" "$2" 0 "$keep"
		[ "$budget" -le 0 ] || search_part "$1" "$2" "$gap" "$size"
	else
		search_part "$1" "$2" 0 "$size"
	fi
	read_hole "$2" # again, because more bytes may have been dropped meanwhile
	holes=$((holes + hole))
}

need grep stat head dd base64
holes=0
if [ -e "$spool/pid" ]; then
	read -r _ _ _ _ _ keep _ <"$spool/pid" || fail NOSPOOL
	search_file O out
	[ "$budget" -le 0 ] || search_file E err
fi
say 'Y %s %s\n' "$holes" "$((budget <= 0))"
