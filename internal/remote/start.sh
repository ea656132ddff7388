# The first half of a session: put the files in place and start the job, once,
# or find it there. What comes before this text sets
#   spool   the job's folder          dir      the resource's folder
#   nonce   a word nobody else knows  cookie   the job's mark in its environment
#   fresh   1 if nobody has read anything of this job yet
#   out err how far this reader is already
#
# Plain POSIX sh, coreutils and util-linux. Stdout carries frames and nothing
# else; what tools say on stderr never leaves the server, since it was not
# redacted: it only picks one of a few fixed words.

mask=$(umask)
umask 077
stage= started=0

# say prints a frame's head. A reader that is gone ends the session.
say() {
	printf "$@" || exit 1
}

fail() {
	say 'F %s\n' "$1"
	exit 0
}

# try runs a command that must succeed for the job to run at all.
try() {
	said=$(
		LC_ALL=C
		export LC_ALL
		"$@" 2>&1 >/dev/null
	) || case $said in
	*'No space left'* | *quota*) fail NOSPACE ;;
	*'Permission denied'* | *'Read-only'* | *'not permitted'*) fail NOPERM ;;
	*) fail NOSPOOL ;;
	esac
}

# nap sleeps for a part of a second where sleep can, else for one.
nap() {
	sleep "$1" 2>/dev/null || sleep 1
}

# free reports whether nobody holds the lock, that is: no job is alive.
free() {
	flock -s -n 8 2>/dev/null 8<"$spool/lock"
}

# open finds out whether there is a job, before anything else is sent.
open() {
	printf '\n%s\n' "$nonce"
	for tool in flock setsid base64 stat mkfifo head dd date cat mv; do
		command -v "$tool" >/dev/null 2>&1 || fail "MISSING $tool"
	done
	read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
	if [ ! -e "$spool/pid" ]; then
		# Whoever has read of this job knows that it ran. Then it is gone, and
		# must not run again.
		[ "$fresh" = 1 ] || lost 0
		try mkdir -p "$spool" "$dir"
		try chmod 700 "$spool"
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
	try mkdir -p "${3%/*}/"
	[ ! -d "$3" ] || fail ISDIR
	try chmod "$2" "$stage/$1"
	try mv -f "$stage/$1" "$3.waybill-new"
	try mv -f "$3.waybill-new" "$3"
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

# launch runs the job, detached, with the lock. Everything that it will have to
# write besides output gets its room on the disk now, so that a disk that fills
# up later cannot keep its end from being noted. setsid forks by itself: a
# command in the background of a shell would be deaf to interrupts for ever.
launch() {
	setsid -f true 2>/dev/null || fail 'MISSING setsid' # that of busybox cannot fork
	install
	try rm -f "$spool/pipe.out" "$spool/pipe.err" "$spool/exit.new"
	try mkfifo "$spool/pipe.out" "$spool/pipe.err"
	for name in out err steps marks; do
		try empty "$spool/$name"
	done
	for name in pid.new exit.new; do
		try reserve "$spool/$name"
	done
	(
		umask "$mask"
		cd /
		WAYBILL_JOB=$cookie
		export WAYBILL_JOB
		exec setsid -f sh "$spool/run" </dev/null >/dev/null 2>&1 9>&9
	)
	exec 9>&-
	while [ ! -e "$spool/pid" ]; do
		if free && [ ! -e "$spool/pid" ]; then
			fail NOSTART
		fi
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
