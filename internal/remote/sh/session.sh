# What every session with a server begins with. Before it is set
#   spool   the job's folder
#   cookie  the job's mark in the environment of its processes
#   nonce   a word that nothing else knows
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
	*uota*) fail NOQUOTA ;;
	*'No space left'*) fail "$(room)" ;;
	*'Permission denied'* | *'Read-only'* | *'not permitted'*) fail NOPERM ;;
	*) fail NOSPOOL ;;
	esac
}

# room says what a file system that takes no more has run out of: room, or
# inodes. One that makes inodes as it needs them says that it has none in all.
room() {
	place=$spool
	while [ -n "$place" ] && [ ! -d "$place" ]; do
		place=${place%/*}
	done
	case $(stat -f -c '%c %d' "${place:-/}" 2>/dev/null) in
	'0 '*) echo NOSPACE ;;
	*' 0') echo NOINODES ;;
	*) echo NOSPACE ;;
	esac
}

# peek reads what the kernel says of a process, and fails for one that is gone.
# Its name may hold anything; what comes after its last bracket are words.
peek() {
	stat=$(cat "/proc/$1/stat" 2>/dev/null)
	case $stat in
	*') '*) ;;
	*) return 1 ;;
	esac
	set -- ${stat##*) }
	live=$1 parent=$2 among=$3 session=$4
	shift 19
	start=$1
	case $live in
	[ZX]) return 1 ;;
	esac
}

# leads reports whether the job's own shell is alive: the very process that
# wrote the pid file, in group, began and was.
leads() {
	[ -n "$group" ] && [ "$was" = "$boot" ] && peek "$group" && [ "$start" = "$began" ]
}

# identify reads the pid file. It is the job's own, and a step may have written
# another or removed it: then the job's shell is found by the cookie that it was
# started with. It fails if there is neither.
identify() {
	group= began= was= marker= keep= audit= enclosed=
	[ ! -e "$spool/pid" ] || read -r group began was mark marker keep audit enclosed <"$spool/pid"
	case $group in
	'' | *[!0-9]* | 0 | 1) group= ;;
	esac
	! leads || return 0
	for file in $(grep -lsF "WAYBILL_COOKIE=$cookie" /proc/[0-9]*/environ); do
		pid=${file#/proc/}
		pid=${pid%%/*}
		peek "$pid" && [ "$session" = "$pid" ] || continue
		case $(tr '\000' '\n' <"/proc/$pid/cmdline" 2>/dev/null) in
		*"$spool/run") ;;
		*) continue ;;
		esac
		group=$pid began=$start was=$boot
		return 0
	done
	[ -n "$group" ]
}

# forged reports whether the spool says that the job has ended and it has not:
# its shell removes exit.new before exit appears, and goes at once afterwards.
forged() {
	patience=0
	while leads; do
		[ "$patience" -lt 100 ] || return 0
		patience=$((patience + 1))
		[ $((patience % 20)) != 0 ] || say 'H\n'
		nap 0.05
	done
	[ -e "$spool/exit.new" ]
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
