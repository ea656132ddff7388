# The job: runs the steps one after another and keeps the spool. What comes
# before this text sets
#   spool dir     as in start.sh
#   environment   a file that every step reads and exports, or nothing
#   steps         how many steps there are: the files step.1, step.2, ...
#   on_failure    the numbers of those that run only after a failure: " 3 4 "
#   keep          how much of each stream's head, and of its tail, is kept
#
# Descriptor 9 is the lock, and 4 that of the resource's folder. Both are closed
# for everything that is started here, so lock held means: this very shell is
# alive. 7 and 8 are the pipes to out and err.
#
# The cookie is in the environment of the steps only, so whatever carries it is
# the steps' and none of the helpers here. This shell itself was started with it
# under another name, WAYBILL_COOKIE, which is how it is found without its files.
#
# The steps write into pipes, not into the files: a command that opens
# /dev/stderr anew would cut a file off at nothing, and a child that lives on
# would go on filling the disk. A pump, which is cat, carries each pipe over. It
# has a session of its own: what kills the job's group leaves it to carry over
# all that was written.

code=0
cookie=$WAYBILL_COOKIE
unset WAYBILL_COOKIE

now() {
	date +%s.%N
}

# identify notes who this is: process group, start time, boot, cookie and the
# helper that has children, what readers can rely on, keep, the login session as
# the kernel's audit numbers it, and whether there is a control group; then, in
# the folder, that the job has started.
identify() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r stat <"/proc/$$/stat"
	set -- ${stat##*) }
	shift 19 # to field 22 of proc(5), the start time; field 3 came first
	began=$1 audit=
	read -r audit <"/proc/$$/sessionid"
	case $audit in
	'' | 4294967295) audit=- ;;
	esac
	echo "$$ $began $boot $cookie $marker $keep $audit $enclosed" 1<>"$spool/pid.new"
	mv "$spool/pid.new" "$spool/pid"
	mv -f "$dir/.waybill-last.new" "$dir/.waybill-last" || exit 1
}

# enclose moves this shell, and so all that it will start, into a control group
# of its own, where it may make one: processes leave that neither by a new
# session nor by a new user. It lies below the present one, so limits stay.
enclose() {
	enclosed=0 outer=
	while read -r device mount kind rest; do
		[ "$kind" != cgroup2 ] || break
		mount=
	done </proc/mounts
	[ -n "$mount" ] || return 0
	while IFS= read -r line; do
		case $line in
		0::*) outer=$mount${line#0::} ;;
		esac
	done <"/proc/$$/cgroup"
	outer=${outer%/}
	[ -w "$outer/cgroup.procs" ] && mkdir "$outer/waybill-$cookie" || return 0
	if echo "$$" >"$outer/waybill-$cookie/cgroup.procs"; then
		enclosed=1
	else
		rmdir "$outer/waybill-$cookie"
	fi
}

# disclose leaves the control group, and removes it unless a child lives on.
disclose() {
	[ "$enclosed" = 1 ] && echo "$$" >"$outer/cgroup.procs" && rmdir "$outer/waybill-$cookie"
}

# pump carries one pipe over, until its last writer ends. It notes its pid, and
# at the end that nothing was lost on the way; why it could not write is kept. A
# file that is as large as it may be ends cat by a signal, SIGXFSZ: 153.
pump() {
	WAYBILL_PUMP=$cookie LC_ALL=C setsid sh -c 'cat <"$1/pipe.$2" >>"$1/$2" 2<>"$1/why.$2" &
		echo "$!" 1<>"$1/pump.$2"
		wait "$!" && mv "$1/pump.$2" "$1/whole.$2" || [ "$?" != 153 ] || echo cat: size 1<>"$1/why.$2"' pump "$spool" "$1" 4>&- 9>&- &
}

# pumped sets pump to the process that carries a pipe over.
pumped() {
	pump=
	until read -r pump rest <"$spool/pump.$1" && [ -n "$pump" ]; do
		[ -e "$spool/pump.$1" ] || exit 1
		sleep 0.01 || sleep 1
	done
}

# trim frees the room of what lies between head and tail of out or err. The
# file keeps its size, and every byte its offset. Where the gap ends is noted
# first: who read bytes and finds no gap there afterwards, read them whole.
trim() {
	[ "$2" -gt $((keep * 2)) ] || return 0
	gap=$((($2 - keep) / 4096 * 4096))
	[ "$gap" -gt "$keep" ] || return 0
	echo "$gap" >"$spool/gap.$1.new" || return 0
	mv "$spool/gap.$1.new" "$spool/gap.$1"
	fallocate -p -o "$keep" -l $((gap - keep)) "$spool/$1"
}

# mark notes once a second how far the output is, if it grew, until the job
# ends; more often when there is soon, or already, something to trim.
mark() {
	was= pause=1
	while sleep "$pause" || sleep 1; do
		! flock -s -n 8 8<"$spool/lock" || exit 0
		sizes=$(stat -c %s "$spool/out" "$spool/err") || exit 0
		[ "$sizes" != "$was" ] || continue
		was=$sizes
		at=$(now)
		echo "$at" $sizes >>"$spool/marks" || exit 0
		[ -n "$trims" ] || continue
		set -- $sizes
		[ "$1" -lt "$keep" ] && [ "$2" -lt "$keep" ] || pause=0.1
		trim out "$1"
		trim err "$2"
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
	[ $# = 2 ] || tampered=1
	at=$(now) out=${1:-0} err=${2:-0}
}

# note writes a line for a step's start or end, as of the last measure. On a
# full disk a line may be cut; then no other follows, which it would spoil.
note() {
	[ -z "$torn" ] || return 0
	echo "$1 $2 $at $out $err $3" >>"$spool/steps" || torn=1
}

# stopping reports whether somebody is about to stop the job. That is noted
# before any signal is sent, so whoever can be hit and looks, misses nothing.
stopping() {
	[ -e "$spool/stopping" ]
}

# step runs one step. The environment file may set any name, so all that is
# needed after it is a positional parameter.
step() {
	(
		trap - TERM INT HUP
		! stopping || exit 143
		set -e
		cd "$dir"
		set -- "$spool/step.$1" "$cookie"
		if [ -n "$environment" ]; then
			set -a
			. "$environment"
			set +a
		fi
		WAYBILL_JOB=$2
		export WAYBILL_JOB
		exec sh -e "$1"
	) </dev/null >&7 2>&8 4>&- 7>&- 8>&- 9>&-
}

# broken reports whether a pump is gone: it could not write.
broken() {
	read -r stat <"/proc/$1/stat" || return 0
	case ${stat##*) } in
	[ZX]*) return 0 ;;
	esac
	return 1
}

# carried prints how many bytes a pump has written, or 0 where that is unknown.
carried() {
	bytes=0
	while read -r what count; do
		[ "$what" != wchar: ] || bytes=$count
	done <"/proc/$1/io"
	echo "$bytes"
}

# sound looks whether all that was written to a stream is in its file: sets cut
# to 1 if a disk, and to 3 if a quota, did not take it, and tampered if it was
# taken out again, or if what carried it was ended. $4 is how much had been
# written some time before the file had the size $3: it may be written to all
# the time, by a child that lives on.
sound() {
	if broken "$1"; then
		sleep 0.05 || sleep 1 # until what ran it has seen why
		case $(cat "$spool/why.$2") in
		*uota*) cut=3 ;;
		*cat:*) cut=1 ;;
		*) tampered=1 ;;
		esac
	elif [ "$4" -gt "$3" ]; then
		tampered=1
	fi
}

# finish notes the end. As soon as exit.new has become exit.tmp, readers send
# no byte before they know the final sizes.
finish() {
	mv "$spool/exit.new" "$spool/exit.tmp" || tampered=1
	drain "$pump_out" "$spool/out"
	drain "$pump_err" "$spool/err"
	written_out=$(carried "$pump_out") written_err=$(carried "$pump_err")
	measure
	cut=0
	sound "$pump_out" out "$out" "$written_out"
	sound "$pump_err" err "$err" "$written_err"
	[ -z "$tampered" ] || cut=2
	note X 0 "$code"
	echo "$code $at $out $err $cut" 1<>"$spool/exit.tmp"
	mv "$spool/exit.tmp" "$spool/exit"
}

# dismiss ends the helpers. Children that live on keep somebody who reads what
# they write, and throws it away: without a reader, writing would kill them.
dismiss() {
	disclose # first: what is started below would keep the group from going
	exec 5<"$spool/pipe.out" 6<"$spool/pipe.err"
	for fd in 5 6; do
		cat <&"$fd" >/dev/null 4>&- 5<&- 6<&- 7>&- 8>&- 9>&- &
	done
	kill -9 "$pump_out" "$pump_err" "$marker"
}

# A signal for the group is for the step that runs. What is here must live on
# to note how it ended, and the pumps to carry over what it wrote.
trap '' TERM INT HUP

# Not every file system can free a part of a file.
trims= tampered=
! fallocate -p -o 0 -l 4096 "$spool/out" || trims=1
pump out
pump err
exec 7>"$spool/pipe.out" 8>"$spool/pipe.err"
pumped out
pump_out=$pump
pumped err
pump_err=$pump
(
	# Not as redirections of the function: dash keeps the descriptors for later.
	exec 4>&- 7>&- 8>&- 9>&-
	mark
) &
marker=$!
enclose
identify

measure
number=0 torn=
while [ "$number" -lt "$steps" ]; do
	number=$((number + 1))
	if stopping; then
		[ "$code" -ne 0 ] || code=143
		break
	fi
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
