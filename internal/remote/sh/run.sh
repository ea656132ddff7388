# The job: it runs the steps one after another and writes the spool. Go sets
#   spool, dir   as in fence.sh
#   environment  the path of a file that every step reads and exports, or nothing
#   steps        the number of steps, which are the files step.1, step.2, ...
#   on_failure   the numbers of the steps that run only after a failure: " 3 4 "
#   keep         the size of the head and of the tail of a stream that are kept
#
# Descriptor 9 is the lock of the spool, and 4 the lock of the resource's folder. Both are
# closed for everything that this shell starts. So a held lock means that this shell is
# alive. 7 and 8 are the pipes to out and err.
#
# The cookie is in the environment of the steps only. So a process that has it belongs to
# a step, and is no helper of this shell. This shell itself was started with the cookie
# under another name, WAYBILL_COOKIE. It can be found by that even without its files.
#
# The steps write into pipes and not into the files. A command that opens /dev/stderr
# again would truncate a file, and a child that a step leaves behind would fill the disk.
# A pump, which is cat, copies each pipe to its file. It has a session of its own: if the
# job's process group is killed, it still copies everything that was written.

code=0
cookie=$WAYBILL_COOKIE
unset WAYBILL_COOKIE

# timestamp prints the present time.
timestamp() {
	date +%s.%N
}

# write_pid writes the pid file: process group, start time, boot id, cookie, the helper
# that has children, the size of head and tail, the login session as the kernel's audit
# numbers it, and whether there is a control group. Then it notes in the resource's folder
# that the job has started. It reads marker and enclosed; sets boot, stat, began and audit.
write_pid() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r stat <"/proc/$$/stat"
	# shellcheck disable=SC2086 # the words after the process's name
	set -- ${stat##*) }
	shift 19 # to the start time, field 22 of proc(5); $1 was field 3
	began=$1 audit=''
	read -r audit <"/proc/$$/sessionid"
	case $audit in
	'' | 4294967295) audit=- ;;
	esac
	echo "$$ $began $boot $cookie $marker $keep $audit $enclosed" 1<>"$spool/pid.new"
	mv "$spool/pid.new" "$spool/pid"
	mv -f "$dir/.waybill-last.new" "$dir/.waybill-last" || exit 1
}

# enter_cgroup moves this shell, and so everything that it will start, into a control
# group of its own, if it may make one. A process leaves a control group neither by a new
# session nor by a new user. The group is below the present one, so limits still apply. It
# sets enclosed to 1 or 0, outer to the path of the present group, mount, kind and line.
enter_cgroup() {
	enclosed=0 outer=''
	while read -r _ mount kind _; do
		[ "$kind" != cgroup2 ] || break
		mount=''
	done </proc/mounts
	[ -n "$mount" ] || return 0
	while IFS= read -r line; do
		case $line in
		0::*) outer=$mount${line#0::} ;;
		esac
	done <"/proc/$$/cgroup"
	outer=${outer%/}
	{ [ -w "$outer/cgroup.procs" ] && mkdir "$outer/waybill-$cookie"; } || return 0
	if echo "$$" >"$outer/waybill-$cookie/cgroup.procs"; then
		enclosed=1
	else
		rmdir "$outer/waybill-$cookie"
	fi
}

# leave_cgroup leaves the control group, and removes it unless a child is alive in it. It
# reads enclosed and outer.
leave_cgroup() {
	[ "$enclosed" = 1 ] && echo "$$" >"$outer/cgroup.procs" && rmdir "$outer/waybill-$cookie"
}

# start_pump NAME starts the pump of a stream, which copies the pipe until its last writer
# ends. The pump notes its pid. At the end it notes that nothing was lost, or why it could
# not write. If a file has reached the largest size that is allowed, a signal ends cat:
# SIGXFSZ, code 153.
start_pump() {
	# shellcheck disable=SC2016 # the inner sh expands these
	WAYBILL_PUMP=$cookie LC_ALL=C setsid sh -c '
		cat <"$1/pipe.$2" >>"$1/$2" 2<>"$1/why.$2" &
		echo "$!" 1<>"$1/pump.$2"
		wait "$!" && mv "$1/pump.$2" "$1/whole.$2" || [ "$?" != 153 ] || echo cat: size 1<>"$1/why.$2"
	' pump "$spool" "$1" 4>&- 9>&- &
}

# await_pump NAME waits until the pump of a stream has noted its pid, and sets pump to it.
await_pump() {
	pump=''
	until read -r pump _ <"$spool/pump.$1" && [ -n "$pump" ]; do
		[ -e "$spool/pump.$1" ] || exit 1
		sleep 0.01 || sleep 1
	done
}

# trim NAME SIZE frees the room between the head and the tail of out or err. The file keeps
# its size, and every byte its offset. The end of the gap is noted first: a reader that
# reads bytes and then finds no gap there has read real bytes. It sets gap.
trim() {
	[ "$2" -gt $((keep * 2)) ] || return 0
	gap=$((($2 - keep) / 4096 * 4096))
	[ "$gap" -gt "$keep" ] || return 0
	echo "$gap" >"$spool/gap.$1.new" || return 0
	mv "$spool/gap.$1.new" "$spool/gap.$1"
	fallocate -p -o "$keep" -l $((gap - keep)) "$spool/$1"
}

# write_marks notes the sizes of out and err once a second if they grew, until the job has
# ended. It does so more often if there is, or soon will be, something to trim. It reads
# trims; sets last_sizes, sizes, pause, at and gap.
write_marks() {
	last_sizes='' pause=1
	while sleep "$pause" || sleep 1; do
		! flock -s -n 8 8<"$spool/lock" || exit 0
		sizes=$(stat -c %s "$spool/out" "$spool/err") || exit 0
		[ "$sizes" != "$last_sizes" ] || continue
		last_sizes=$sizes
		at=$(timestamp)
		# shellcheck disable=SC2086 # two numbers
		set -- $sizes
		echo "$at $*" >>"$spool/marks" || exit 0
		[ -n "$trims" ] || continue
		{ [ "$1" -lt "$keep" ] && [ "$2" -lt "$keep" ]; } || pause=0.1
		trim out "$1"
		trim err "$2"
	done
}

# drain PUMP FILE waits until a pump has copied everything that is in its pipe. A pump that
# sleeps waits for more bytes. A child that a step left behind may write for ever. Then it
# is enough that more bytes have passed than a pipe can hold. It sets limit, stat and size.
drain() {
	limit=''
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

# measure sets at to the time, and out and err to the sizes of the streams, with everything
# that the steps have written so far. It sets tampered if a file is missing, and what drain
# sets.
measure() {
	drain "$pump_out" "$spool/out"
	drain "$pump_err" "$spool/err"
	sizes=$(stat -c %s "$spool/out" "$spool/err")
	# shellcheck disable=SC2086 # two numbers
	set -- $sizes
	[ $# = 2 ] || tampered=1
	at=$(timestamp) out=${1:-0} err=${2:-0}
}

# note_step KIND NUMBER [CODE] writes a line about the start or the end of a step, as of the
# last call of measure. On a full disk a line may be cut off. Then torn is set and no line
# follows, because it would be appended to the torn one.
note_step() {
	[ -z "$torn" ] || return 0
	echo "$1 $2 $at $out $err $3" >>"$spool/steps" || torn=1
}

# is_stopping reports whether a session is about to stop the job. That session notes it
# before it sends any signal. So a process that a signal can reach also finds the note.
is_stopping() {
	[ -e "$spool/stopping" ]
}

# run_step NUMBER runs one step. The environment file may set any variable, so everything
# that is needed after it is in positional parameters.
run_step() {
	(
		trap - TERM INT HUP
		! is_stopping || exit 143
		set -e
		cd "$dir"
		set -- "$spool/step.$1" "$cookie"
		if [ -n "$environment" ]; then
			set -a
			# shellcheck disable=SC1090 # a file of the team's variables
			. "$environment"
			set +a
		fi
		WAYBILL_JOB=$2
		export WAYBILL_JOB
		exec sh -e "$1"
	) </dev/null >&7 2>&8 4>&- 7>&- 8>&- 9>&-
}

# pump_has_ended PUMP reports whether a pump is gone, because it could not write. It sets
# stat.
pump_has_ended() {
	read -r stat <"/proc/$1/stat" || return 0
	case ${stat##*) } in
	[ZX]*) return 0 ;;
	esac
	return 1
}

# bytes_written PUMP prints how many bytes a pump has written, or 0 if that is unknown. It
# sets bytes, counter and count.
bytes_written() {
	bytes=0
	while read -r counter count; do
		[ "$counter" != wchar: ] || bytes=$count
	done <"/proc/$1/io"
	echo "$bytes"
}

# check_stream PUMP NAME SIZE WRITTEN checks that a file has everything that was written to
# its stream. WRITTEN was counted before the file had this SIZE, because a child that a step
# left behind may still write. It sets cut to 1 if a disk was full and to 3 if a quota was.
# It sets tampered if the file was truncated or the pump was killed.
check_stream() {
	if pump_has_ended "$1"; then
		sleep 0.05 || sleep 1 # until the pump's own shell has noted the reason
		case $(cat "$spool/why.$2") in
		*uota*) cut=3 ;;
		*cat:*) cut=1 ;;
		*) tampered=1 ;;
		esac
	elif [ "$4" -gt "$3" ]; then
		tampered=1
	fi
}

# write_exit notes the end. After exit.new has become exit.tmp, readers send no byte until
# they know the final sizes. It reads code and tampered; sets cut, written_out,
# written_err and what measure sets.
write_exit() {
	mv "$spool/exit.new" "$spool/exit.tmp" || tampered=1
	drain "$pump_out" "$spool/out"
	drain "$pump_err" "$spool/err"
	written_out=$(bytes_written "$pump_out") written_err=$(bytes_written "$pump_err")
	measure
	cut=0
	check_stream "$pump_out" out "$out" "$written_out"
	check_stream "$pump_err" err "$err" "$written_err"
	[ -z "$tampered" ] || cut=2
	note_step X 0 "$code"
	echo "$code $at $out $err $cut" 1<>"$spool/exit.tmp"
	mv "$spool/exit.tmp" "$spool/exit"
}

# end_helpers ends the pumps and the helper that writes the marks. A child that a step left
# behind keeps a reader, which throws its output away: without one, a write would kill it.
# It sets descriptor.
end_helpers() {
	leave_cgroup # first, because the readers below would keep the group from being removed
	exec 5<"$spool/pipe.out" 6<"$spool/pipe.err"
	for descriptor in 5 6; do
		cat <&"$descriptor" >/dev/null 4>&- 5<&- 6<&- 7>&- 8>&- 9>&- &
	done
	kill -9 "$pump_out" "$pump_err" "$marker"
}

# A signal to the group is meant for the step that runs. This shell must survive to note
# how the step ended, and the pumps to copy what it wrote.
trap '' TERM INT HUP

# Not every file system can free a part of a file.
trims='' tampered=''
! fallocate -p -o 0 -l 4096 "$spool/out" || trims=1
start_pump out
start_pump err
exec 7>"$spool/pipe.out" 8>"$spool/pipe.err"
await_pump out
pump_out=$pump
await_pump err
pump_err=$pump
(
	# Not as redirections of the call: dash would keep the descriptors open.
	exec 4>&- 7>&- 8>&- 9>&-
	write_marks
) &
marker=$!
enter_cgroup
write_pid

measure
number=0 torn=''
while [ "$number" -lt "$steps" ]; do
	number=$((number + 1))
	if is_stopping; then
		[ "$code" -ne 0 ] || code=143
		break
	fi
	case $on_failure in
	*" $number "*) [ "$code" -ne 0 ] || continue ;;
	*) [ "$code" -eq 0 ] || continue ;;
	esac
	note_step S "$number"
	run_step "$number"
	status=$?
	measure
	note_step E "$number" "$status"
	[ "$code" -ne 0 ] || code=$status
done
write_exit
end_helpers
