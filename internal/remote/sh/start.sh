# The first half of a session: put the files in place and start the job, once,
# or find it there. What comes before this text sets
#   fresh   1 if nobody has read anything of this job yet
#   out err how far this reader is already
# and what session.sh and fence.sh say.

stage= started=0

# open finds out whether there is a job, before anything else is sent.
open() {
	need flock setsid base64 stat mkfifo head dd date cat mv
	read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
	if [ ! -e "$spool/pid" ]; then
		# Whoever has read of this job knows that it ran. Then it is gone, and
		# must not run again.
		[ "$fresh" = 1 ] || gone
		admit
		try mkdir -p "$spool" "$dir" "$folder"
		try chmod 700 "$spool" "$dir"
		stage=$spool/new.$nonce
		trap 'rm -rf "$stage"' EXIT
		trap 'exit 1' HUP INT TERM PIPE
		try mkdir "$stage"
	fi
}

# chunk appends what comes on stdin to the staged file of a number. The files
# of a session that breaks off stay in its own stage, so nothing half-sent is
# ever used. Each chunk is answered, which shows that both ends live.
chunk() {
	[ -z "$stage" ] || try append "$stage/$1"
	say 'H\n'
}

append() {
	base64 -d >>"$1"
}

# place moves a staged file of a number, with a mode, to its path. The stage
# may be on another file system, so it is moved twice: the second is atomic.
place() {
	try mkdir -p "${3%/*}"
	[ ! -d "$3" ] || [ -L "$3" ] || fail ISDIR
	try chmod "$2" "$stage/$1"
	try mv -f "$stage/$1" "${3%/*}/.waybill-new.$nonce"
	try mv -fT "${3%/*}/.waybill-new.$nonce" "$3"
}

# begin starts the job unless it was started. The lock decides: the job holds
# it for its whole life, a starter only for a moment.
begin() {
	waited=0
	while [ ! -e "$spool/pid" ]; do
		try touch "$spool/lock"
		exec 9>>"$spool/lock"
		if flock -n 9 9>&9; then # named, since some shells keep it to themselves
			[ -e "$spool/pid" ] || launch
			exec 9>&-
			break
		fi
		exec 9>&-
		waited=$((waited + 1))
		[ "$waited" -lt 300 ] || fail BUSY
		say 'H\n'
		nap 0.05
	done
	[ -z "$stage" ] || rm -rf "$stage"
	trap - EXIT HUP INT TERM PIPE
}

# admit refuses the job if the fence says that it must not be started: if it
# was, its spool is gone, and so is the job. A fence that says so is younger
# than the job's pid, which is why that is looked for last.
admit() {
	last
	if [ "$last" = "$deployment" ]; then
		[ "$state" = starting ] || [ -e "$spool/pid" ] || gone
		[ "$by" -le "$attempt" ] || fail "HELD $last 0"
	elif later "$last" "$deployment"; then
		fail "HELD $last 0"
	fi
}

# gone ends a session for a job that ran and has no spool. If its shell is alive,
# the spool was removed under it.
gone() {
	! identify || lost 2 2
	lost 0 2
}

# launch runs the job, detached, with the two locks: the spool's, and that of
# the resource's folder. Everything that it will have to write besides output
# gets its room on the disk now, so that a disk that fills up later cannot keep
# its end from being noted. setsid forks by itself: a command in the background
# of a shell would be deaf to interrupts for ever.
launch() {
	setsid -f true 2>/dev/null || fail 'MISSING setsid' # that of busybox cannot fork
	if ! claim; then
		last
		fail "HELD ${last:-unknown} 1"
	fi
	admit
	install
	try rm -f "$spool/pipe.out" "$spool/pipe.err" "$spool/exit.new" "$spool/whole.out" "$spool/whole.err"
	try mkfifo "$spool/pipe.out" "$spool/pipe.err"
	for name in out err steps marks; do
		try empty "$spool/$name"
	done
	# Where the file system can: room for lines that are yet to come.
	for name in steps marks; do
		fallocate -n -l 65536 "$spool/$name" 2>/dev/null
	done
	for name in pid.new exit.new pump.out pump.err why.out why.err; do
		try reserve "$spool/$name"
	done
	announce
	(
		umask "$mask"
		cd /
		WAYBILL_COOKIE=$cookie
		export WAYBILL_COOKIE
		exec setsid -f sh "$spool/run" </dev/null >/dev/null 2>&1 4>&4 9>&9
	)
	exec 4>&- 9>&-
	# On a busy server this takes longer than a reader waits for a word. A shell that
	# hangs is not waited for longer than that.
	waited=0
	while [ ! -e "$spool/pid" ]; do
		if free && [ ! -e "$spool/pid" ]; then
			fail NOSTART
		fi
		waited=$((waited + 1))
		[ $((waited % 10)) != 0 ] || [ "$waited" -gt 1000 ] || say 'H\n'
		nap 0.02
	done
	started=1
}

empty() {
	: >"$1"
}

# reserve has cat write: sh would not say why it could not.
reserve() {
	printf '%512s\n' '' | cat >"$1"
}
