# What every session with a server begins with. Go sets
#   nonce  a random word, which marks where the frames begin
#
# Plain POSIX sh, coreutils and util-linux. Stdout carries frames and nothing else. The
# messages of tools are not redacted, so they never leave the server. They only decide
# which of a few fixed words is sent.

mask=$(umask)
umask 077
printf '\n%s\n' "$nonce"

# say FORMAT [WORD...] prints the head of a frame. If the reader is gone, the session ends.
say() {
	# shellcheck disable=SC2059 # the format is the first argument
	printf "$@" || exit 1
}

# fail WORDS ends the session with a frame that names the problem.
fail() {
	say 'F %s\n' "$1"
	exit 0
}

# need TOOL... refuses a server that lacks a tool. It sets tool.
need() {
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || fail "MISSING $tool"
	done
}

# nap SECONDS sleeps for a part of a second if sleep can do that, and otherwise for one.
nap() {
	sleep "$1" 2>/dev/null || sleep 1
}

# is_unlocked SPOOL reports whether no process holds the lock of a spool: its job is not
# alive.
is_unlocked() {
	flock -s -n 8 2>/dev/null 8<"$1/lock"
}
