# What every session with a server begins with. Before it is set
#   spool   the job's folder
#   nonce   a word nobody else knows
#
# Plain POSIX sh, coreutils and util-linux. Stdout carries frames and nothing
# else; what tools say on stderr never leaves the server, since it was not
# redacted: it only picks one of a few fixed words.

mask=$(umask)
umask 077
printf '\n%s\n' "$nonce"

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

# need refuses a server that lacks a tool.
need() {
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || fail "MISSING $tool"
	done
}
