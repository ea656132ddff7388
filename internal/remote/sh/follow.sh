# The second half of a session: send what is in the spool, until the job's end.
# See start.sh for what is set before.
#
# In each round the sizes are measured first, out and err before steps; then
# new lines of steps and marks are sent, then bytes up to what was measured. So
# whoever reads a byte was told before of every step that began before it. Out
# comes before err, so that what it declares to be a secret is known when err is
# read; if only err declares something, the other way round.

# At most this much of a stream is sent in one round, so that no stream waits
# long for the other.
most=16777216

# A line that declares a secret is at most this long, as package redact has it.
# One that is found again only changes an order.
longest=65536

# lost ends the session for a job that has no end of its own: 0 as it is gone, 1
# as the server restarted, 2 as its spool was tampered with. Then what is missing
# of its output: 0 nothing, 1 what was in the pipes, 2 that cannot be known.
lost() {
	say 'L %s %s %s %s %s\n' "$1" "$(date +%s.%N)" "$out" "$err" "$2"
	exit 0
}

# send sends a frame with the bytes of a descriptor up to a number. The
# descriptor's own offset is the place where to go on.
send() {
	say '%s %s %s %s\n' "$1" "$2" "$(($3 - $2))" "$at"
	head -c "$(($3 - $2))" <&"$4" || exit 1
}

# upto limits a round: the smaller of a size and a place to go on at plus most.
upto() {
	if [ "$1" -gt "$(($2 + most))" ]; then
		to=$(($2 + most))
	else
		to=$1
	fi
}

# gap sets gap to where the bytes that the spool has dropped of a stream end.
gap() {
	gap=0
	[ ! -e "$spool/gap.$1" ] || read -r gap <"$spool/gap.$1"
}

# skip moves a descriptor on by a number of bytes.
skip() {
	dd bs=1 count=0 skip="$2" <&"$1" 2>/dev/null
}

# stream sends a part of out or err, and notes if there is more. Behind the head
# that is always kept, bytes may be dropped while they are read: those go as a
# draft, and only then it is seen whether they had been there. Dropped ones are
# skipped.
stream() {
	[ "$3" -gt "$2" ] || return 1
	sent=1 from=$2
	gap "$5"
	if [ "$from" -ge "$keep" ] && [ "$gap" -gt "$from" ]; then
		skip "$4" $((gap - from))
		from=$gap
		say 'G %s %s\n' "$1" "$from"
	fi
	upto "$3" "$from"
	if [ "$to" -le "$from" ]; then
		to=$from
	elif [ "$from" -lt "$keep" ]; then
		[ "$to" -le "$keep" ] || to=$keep
		send "$1" "$from" "$to" "$4"
	else
		send "$6" "$from" "$to" "$4"
		settle "$1" "$4" "$5"
	fi
	[ "$to" -ge "$3" ] || more=1
}

# settle says whether the draft from from to to holds. Of one that does not,
# what lies behind the gap is read again: it may be the tail, which is kept.
settle() {
	gap "$3"
	if [ "$gap" -le "$from" ]; then
		say 'K\n'
		return
	fi
	to=$gap
	eval "exec $2<\"\$spool/$3\""
	skip "$2" "$to"
	say 'G %s %s\n' "$1" "$to"
}

# declares reports whether the new lines of a file, from a place up to a size,
# declare a secret, in the words of package redact. The first may have begun
# before the place, by a number of bytes at most.
declares() {
	[ "$3" -gt "$2" ] && [ $(($3 - $2)) -le "$most" ] || return 1
	tail -c "+$(($2 > $4 ? $2 - $4 + 1 : 1))" "$spool/$1" | LC_ALL=C grep -aq '^::add-mask::'
}

# round sends what is there up to the sizes of out, err, steps and marks.
round() {
	more=0 sent=0
	[ "$3" -le "$steps" ] && [ "$1" -le "$out" ] && [ "$2" -le "$err" ] && return
	at=$(date +%s.%N)
	[ "$3" -le "$steps" ] || { send S "$steps" "$3" 3; steps=$3 sent=1; }
	[ "$4" -le "$marks" ] || { send M "$marks" "$4" 4; marks=$4; }
	if [ "$1" -gt "$out" ] && declares err "$err" "$2" "$longest" && ! declares out "$out" "$1" 0; then
		! stream E "$err" "$2" 6 err e || err=$to
	fi
	! stream O "$out" "$1" 5 out o || out=$to
	! stream E "$err" "$2" 6 err e || err=$to
}

# measure sets sizes. exit.new is there until the final sizes are being
# taken; only if it is still there afterwards are these not beyond them.
measure() {
	sizes=$(stat -c %s "$spool/out" "$spool/err" "$spool/steps" "$spool/marks") || lost 2 2
}

# grown ends the session unless all files are at least as long as they were.
grown() {
	[ "$1" -ge "$out" ] && [ "$2" -ge "$err" ] && [ "$3" -ge "$steps" ] && [ "$4" -ge "$marks" ] || lost 2 2
}

# finished sends all that is left and the end, if it is one.
finished() {
	read -r code ended last_out last_err cut <"$spool/exit"
	case $code.$last_out.$last_err in
	.* | *..* | *. | *[!0-9.]*) lost 2 2 ;;
	esac
	measure
	set -- $sizes
	grown $sizes
	[ "$last_out" -le "$1" ] && [ "$last_err" -le "$2" ] || lost 2 2
	more=1
	while [ "$more" = 1 ]; do
		round "$last_out" "$last_err" "$3" "$4"
	done
	! forged || lost 2 2
	[ "$cut" != 2 ] || lost 2 2
	say 'X %s %s %s %s %s\n' "$code" "$ended" "$last_out" "$last_err" "$cut"
	exit 0
}

# rest waits until what carries a stream to its file is done or has nothing to do,
# and sets part to 1 if it was ended before that.
rest() {
	calm=0 patience=0
	while [ ! -e "$spool/whole.$1" ] && [ "$calm" -lt 3 ] && [ "$patience" -lt 100 ]; do
		pump=
		[ ! -e "$spool/pump.$1" ] || read -r pump others <"$spool/pump.$1"
		if [ -z "$pump" ] || ! peek "$pump"; then
			[ -e "$spool/whole.$1" ] || [ "$calm" -lt 2 ] || part=1
			calm=$((calm + 1))
		elif [ "$live" = S ]; then
			calm=$((calm + 1))
		fi
		patience=$((patience + 1))
		nap 0.05
	done
}

# vanished sends what there is of a job that is gone without an end.
vanished() {
	part=0
	if [ "$was" = "$boot" ]; then
		rest out
		rest err
	fi
	measure
	more=1
	while [ "$more" = 1 ]; do
		round $sizes
	done
	if [ "$was" = "$boot" ]; then
		lost 0 "$part"
	fi
	lost 1 2
}

# look checks from time to time whether the job is alive, and shows the reader
# that we are, and us that the reader is.
look() {
	beat=0
	say 'H\n'
	# The shell first: an end that is not there after it was gone never comes.
	leads || [ -e "$spool/exit" ] || vanished
}

# idle lets time pass, the longer the longer nothing came.
idle() {
	nap "$pause"
	case $pause in
	0.05) pause=0.1 ;;
	0.1) pause=0.2 ;;
	0.2) pause=0.4 ;;
	0.4) beat=$((beat + 4)) ;;
	esac
}

follow() {
	identify || fail NOSPOOL
	for name in out err steps marks; do
		[ -r "$spool/$name" ] || lost 2 2
	done
	case $keep in
	'' | *[!0-9]*) lost 2 2 ;;
	esac
	say 'A %s %s %s %s\n' "$group" "$was" "$started" "$(date +%s.%N)"
	exec 3<"$spool/steps" 4<"$spool/marks" 5<"$spool/out" 6<"$spool/err"
	skip 5 "$out"
	skip 6 "$err"
	steps=0 marks=0 pause=0.05 beat=0
	while :; do
		[ ! -e "$spool/exit" ] || finished
		measure
		[ "$was" != "$boot" ] || grown $sizes
		if [ -e "$spool/exit.new" ]; then
			round $sizes
		else
			sent=0 more=0
		fi
		[ "$sent" = 0 ] || pause=0.1
		[ "$more" = 1 ] || idle
		beat=$((beat + 1))
		[ "$beat" -lt 12 ] || look
	done
}
