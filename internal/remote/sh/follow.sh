# The second half of a session that follows a job: it sends the contents of the spool
# until the job has ended. See start.sh for the variables.
#
# Each round first measures the sizes, of out and err before steps. Then it sends new
# lines of steps and marks, and then bytes up to the measured sizes. So the reader of a
# byte already knows every step that began before it. Out comes before err, so that a
# secret that out declares is known when err is read. If only err declares one, err comes
# first.

# The largest part of a stream that one round sends, so that no stream waits long for the
# other.
most=16777216

# The longest line that declares a secret, as in package redact. Finding one twice only
# changes an order.
longest=65536

# end_as_lost WHY MISSING ends the session about a job that has no exit code. It reads
# out and err.
#   WHY      0 the job is gone, 1 the server restarted, 2 the spool was tampered with
#   MISSING  0 no output, 1 the contents of the pipes, 2 unknown
end_as_lost() {
	say 'L %s %s %s %s %s\n' "$1" "$(date +%s.%N)" "$out" "$err" "$2"
	exit 0
}

# send_bytes KIND FROM TO DESCRIPTOR sends a frame with bytes of a descriptor, whose own
# offset is FROM. It reads at.
send_bytes() {
	say '%s %s %s %s\n' "$1" "$2" "$(($3 - $2))" "$at"
	head -c "$(($3 - $2))" <&"$4" || exit 1
}

# limit_part SIZE FROM sets to to the size, or to the end of the largest part.
limit_part() {
	if [ "$1" -gt "$(($2 + most))" ]; then
		to=$(($2 + most))
	else
		to=$1
	fi
}

# read_gap NAME sets gap to the end of the bytes that the spool has dropped of a stream.
read_gap() {
	gap=0
	[ ! -e "$spool/gap.$1" ] || read -r gap <"$spool/gap.$1"
}

# skip_bytes DESCRIPTOR COUNT moves the offset of a descriptor forward.
skip_bytes() {
	dd bs=1 count=0 skip="$2" <&"$1" 2>/dev/null
}

# send_stream KIND FROM SIZE DESCRIPTOR NAME DRAFT sends a part of out or err. DRAFT is
# the kind of a draft. The spool always keeps the head. After the head, it may drop bytes
# while they are read. So those are sent as a draft, which confirm_draft then confirms or
# voids. Dropped bytes are skipped. It fails if there is nothing to send. It reads keep;
# sets sent, from, gap and to; and sets more if the stream has more bytes.
send_stream() {
	[ "$3" -gt "$2" ] || return 1
	sent=1 from=$2
	read_gap "$5"
	if [ "$from" -ge "$keep" ] && [ "$gap" -gt "$from" ]; then
		skip_bytes "$4" $((gap - from))
		from=$gap
		say 'G %s %s\n' "$1" "$from"
	fi
	limit_part "$3" "$from"
	if [ "$to" -le "$from" ]; then
		to=$from
	elif [ "$from" -lt "$keep" ]; then
		[ "$to" -le "$keep" ] || to=$keep
		send_bytes "$1" "$from" "$to" "$4"
	else
		send_bytes "$6" "$from" "$to" "$4"
		confirm_draft "$1" "$4" "$5"
	fi
	[ "$to" -ge "$3" ] || more=1
}

# confirm_draft KIND DESCRIPTOR NAME confirms the draft that begins at from, or voids it
# because bytes were dropped. Then the next part begins after the gap: those bytes may be
# the tail, which is kept. It reads from; sets gap and to.
confirm_draft() {
	read_gap "$3"
	if [ "$gap" -le "$from" ]; then
		say 'K\n'
		return
	fi
	to=$gap
	eval "exec $2<\"\$spool/$3\""
	skip_bytes "$2" "$to"
	say 'G %s %s\n' "$1" "$to"
}

# declares_secret NAME FROM SIZE BEFORE reports whether new lines of a file declare a
# secret, in the words of package redact. The first line may begin up to BEFORE bytes
# before FROM.
declares_secret() {
	[ "$3" -gt "$2" ] && [ $(($3 - $2)) -le "$most" ] || return 1
	tail -c "+$(($2 > $4 ? $2 - $4 + 1 : 1))" "$spool/$1" | LC_ALL=C grep -aq '^::add-mask::'
}

# send_round OUT ERR STEPS MARKS sends new bytes up to these sizes. It sets out, err,
# steps and marks to the offsets that it has reached, sent to 1 if there was anything
# but marks, more to 1 if it left bytes for the next round, at, and what send_stream sets.
send_round() {
	more=0 sent=0
	[ "$3" -le "$steps" ] && [ "$1" -le "$out" ] && [ "$2" -le "$err" ] && return
	at=$(date +%s.%N)
	[ "$3" -le "$steps" ] || { send_bytes S "$steps" "$3" 3; steps=$3 sent=1; }
	[ "$4" -le "$marks" ] || { send_bytes M "$marks" "$4" 4; marks=$4; }
	if [ "$1" -gt "$out" ] && declares_secret err "$err" "$2" "$longest" &&
		! declares_secret out "$out" "$1" 0; then
		! send_stream E "$err" "$2" 6 err e || err=$to
	fi
	! send_stream O "$out" "$1" 5 out o || out=$to
	! send_stream E "$err" "$2" 6 err e || err=$to
}

# measure_files sets sizes, the four sizes of out, err, steps and marks. exit.new exists
# until the job takes the final sizes. Only if it still exists afterwards, sizes does not
# exceed the final ones.
measure_files() {
	sizes=$(stat -c %s "$spool/out" "$spool/err" "$spool/steps" "$spool/marks") || end_as_lost 2 2
}

# check_growth OUT ERR STEPS MARKS ends the session if a file is shorter than before. It
# reads out, err, steps and marks.
check_growth() {
	{ [ "$1" -ge "$out" ] && [ "$2" -ge "$err" ] && [ "$3" -ge "$steps" ] && [ "$4" -ge "$marks" ]; } ||
		end_as_lost 2 2
}

# send_end sends the rest and the exit code, if the code is valid, and ends the session.
# It sets code, ended, last_out, last_err, cut and what send_round sets.
send_end() {
	read -r code ended last_out last_err cut <"$spool/exit"
	case $code.$last_out.$last_err in
	.* | *..* | *. | *[!0-9.]*) end_as_lost 2 2 ;;
	esac
	measure_files
	# shellcheck disable=SC2086 # four numbers
	set -- $sizes
	check_growth "$@"
	{ [ "$last_out" -le "$1" ] && [ "$last_err" -le "$2" ]; } || end_as_lost 2 2
	more=1
	while [ "$more" = 1 ]; do
		send_round "$last_out" "$last_err" "$3" "$4"
	done
	! end_is_forged || end_as_lost 2 2
	[ "$cut" != 2 ] || end_as_lost 2 2
	say 'X %s %s %s %s %s\n' "$code" "$ended" "$last_out" "$last_err" "$cut"
	exit 0
}

# await_pump NAME waits until the pump of a stream is done or idle. It sets part to 1 if
# the pump was ended earlier; also calm, patience, pump and what read_process sets.
await_pump() {
	calm=0 patience=0
	while [ ! -e "$spool/whole.$1" ] && [ "$calm" -lt 3 ] && [ "$patience" -lt 100 ]; do
		pump=''
		[ ! -e "$spool/pump.$1" ] || read -r pump _ <"$spool/pump.$1"
		if [ -z "$pump" ] || ! read_process "$pump"; then
			[ -e "$spool/whole.$1" ] || [ "$calm" -lt 2 ] || part=1
			calm=$((calm + 1))
		elif [ "$process_state" = S ]; then
			calm=$((calm + 1))
		fi
		patience=$((patience + 1))
		nap 0.05
	done
}

# end_without_exit sends the rest of a job that has ended without an exit code, and ends
# the session. It sets part and what await_pump and send_round set.
end_without_exit() {
	part=0
	if [ "$job_boot" = "$boot" ]; then
		await_pump out
		await_pump err
	fi
	measure_files
	# shellcheck disable=SC2086 # four numbers
	set -- $sizes
	more=1
	while [ "$more" = 1 ]; do
		send_round "$@"
	done
	if [ "$job_boot" = "$boot" ]; then
		end_as_lost 0 "$part"
	fi
	end_as_lost 1 2
}

# check_life sends a sign of life, which also shows whether the reader is there, and
# checks whether the job is alive. It sets beat.
check_life() {
	beat=0
	say 'H\n'
	# The shell first: if exit does not exist after the shell has ended, it never will.
	leader_is_alive || [ -e "$spool/exit" ] || end_without_exit
}

# tell_idle says that everything was sent and that the job goes on. It sets told.
tell_idle() {
	told=1
	say 'I\n'
}

# idle waits, and longer the longer there was nothing to send. It sets pause and beat.
idle() {
	nap "$pause"
	case $pause in
	0.05) pause=0.1 ;;
	0.1) pause=0.2 ;;
	0.2) pause=0.4 ;;
	0.4) beat=$((beat + 4)) ;;
	esac
}

# follow sends the job's output until the job has ended. Descriptors 3 to 6 are steps,
# marks, out and err. It reads started, which launch sets, and sets all of the above.
follow() {
	find_job || fail NOSPOOL
	for name in out err steps marks; do
		[ -r "$spool/$name" ] || end_as_lost 2 2
	done
	case $keep in
	'' | *[!0-9]*) end_as_lost 2 2 ;;
	esac
	say 'A %s %s %s %s\n' "$group" "$job_boot" "$started" "$(date +%s.%N)"
	exec 3<"$spool/steps" 4<"$spool/marks" 5<"$spool/out" 6<"$spool/err"
	skip_bytes 5 "$out"
	skip_bytes 6 "$err"
	steps=0 marks=0 pause=0.05 beat=0 told=0
	while :; do
		[ ! -e "$spool/exit" ] || send_end
		measure_files
		# shellcheck disable=SC2086 # four numbers
		set -- $sizes
		[ "$job_boot" != "$boot" ] || check_growth "$@"
		if [ -e "$spool/exit.new" ]; then
			send_round "$@"
			[ "$more$told" != 00 ] || tell_idle
		else
			sent=0 more=0
		fi
		[ "$sent" = 0 ] || pause=0.1
		[ "$more" = 1 ] || idle
		beat=$((beat + 1))
		[ "$beat" -lt 12 ] || check_life
	done
}
