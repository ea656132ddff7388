# The job: runs the steps one after another and keeps the spool. What comes
# before this text sets
#   spool dir     as in start.sh
#   environment   a file that every step reads and exports, or nothing
#   steps         how many steps there are: the files step.1, step.2, ...
#   on_failure    the numbers of those that run only after a failure: " 3 4 "
#
# Descriptor 9 is the lock. It is closed for everything that is started here,
# so lock held means: this very shell is alive. 7 and 8 are the pipes to out
# and err.
#
# The steps write into pipes, not into the files: a command that opens
# /dev/stderr anew would cut a file off at nothing, and a child that lives on
# would go on filling the disk. A pump, which is cat, carries each pipe over.

code=0

now() {
	date +%s.%N
}

# identify notes who this is: process group, start time, boot, cookie.
identify() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r stat <"/proc/$$/stat"
	set -- ${stat##*) }
	shift 19 # to field 22 of proc(5), the start time; field 3 came first
	echo "$$ $1 $boot $WAYBILL_JOB" 1<>"$spool/pid.new"
	mv "$spool/pid.new" "$spool/pid"
}

# pump carries one pipe over, until its last writer ends.
pump() {
	cat <"$spool/pipe.$1" >>"$spool/$1" 9>&- &
}

# mark notes once a second how far the output is, if it grew, until the job
# ends.
mark() {
	was=
	while sleep 1; do
		! flock -s -n 8 8<"$spool/lock" || exit 0
		sizes=$(stat -c %s "$spool/out" "$spool/err") || exit 0
		[ "$sizes" != "$was" ] || continue
		was=$sizes
		at=$(now)
		echo "$at" $sizes >>"$spool/marks"
	done
}

# drain waits until a pump has written all that is in its pipe: a cat that
# sleeps is one that waits for more. A child that a step left behind may write
# on for ever; then it is enough that more has passed than a pipe can hold.
drain() {
	limit=
	while read -r stat <"/proc/$1/stat"; do
		case ${stat##*) } in
		[SZX]*) return ;;
		esac
		size=$(stat -c %s "$2")
		limit=${limit:-$((size + 2097152))}
		[ "$size" -lt "$limit" ] || return
		sleep 0.01 || sleep 1
	done
}

# measure sets at, out and err to the time and the sizes, with everything in
# that the steps have written until now.
measure() {
	drain "$pump_out" "$spool/out"
	drain "$pump_err" "$spool/err"
	set -- $(stat -c %s "$spool/out" "$spool/err")
	at=$(now) out=$1 err=$2
}

# note writes a line for a step's start or end, as of the last measure.
note() {
	echo "$1 $2 $at $out $err $3" >>"$spool/steps"
}

# step runs one step. The environment file may set any name, so all that is
# needed after it is a positional parameter.
step() {
	(
		trap - TERM INT HUP
		set -e
		cd "$dir"
		set -- "$spool/step.$1"
		if [ -n "$environment" ]; then
			set -a
			. "$environment"
			set +a
		fi
		exec sh -e "$1"
	) </dev/null >&7 2>&8 7>&- 8>&- 9>&-
}

# broken reports whether a pump is gone: it could not write.
broken() {
	read -r stat <"/proc/$1/stat" || return 0
	case ${stat##*) } in
	[ZX]*) return 0 ;;
	esac
	return 1
}

# finish notes the end. As soon as exit.new has become exit.tmp, readers send
# no byte before they know the final sizes.
finish() {
	mv "$spool/exit.new" "$spool/exit.tmp"
	measure
	cut=0
	if broken "$pump_out" || broken "$pump_err"; then
		cut=1
	fi
	echo "X 0 $at $out $err $code" >>"$spool/steps"
	echo "$code $at $out $err $cut" 1<>"$spool/exit.tmp"
	mv "$spool/exit.tmp" "$spool/exit"
}

# dismiss ends the helpers. Children that live on keep somebody who reads what
# they write, and throws it away: without a reader, writing would kill them.
dismiss() {
	exec 5<"$spool/pipe.out" 6<"$spool/pipe.err"
	for fd in 5 6; do
		cat <&"$fd" >/dev/null 5<&- 6<&- 7>&- 8>&- 9>&- &
	done
	kill -9 "$pump_out" "$pump_err" "$marker"
}

# A signal for the group is for the step that runs. What is here must live on
# to note how it ended, and the pumps to carry over what it wrote.
trap '' TERM INT HUP

pump out
pump_out=$!
pump err
pump_err=$!
exec 7>"$spool/pipe.out" 8>"$spool/pipe.err"
(
	# Not as redirections of the function: dash keeps the descriptors for later.
	exec 7>&- 8>&- 9>&-
	mark
) &
marker=$!
identify

measure
number=0
while [ "$number" -lt "$steps" ]; do
	number=$((number + 1))
	case $on_failure in
	*" $number "*) [ "$code" -ne 0 ] || continue ;;
	*) [ "$code" -eq 0 ] || continue ;;
	esac
	note S "$number"
	step "$number"
	status=$?
	measure
	note E "$number" "$status"
	[ "$code" -ne 0 ] || code=$status
done
finish
dismiss
