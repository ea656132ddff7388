# Ends a job, and whatever of its steps is left. What comes before sets, besides
# what session.sh and fence.sh say,
#   grace   how long the processes have after TERM, in hundredths of seconds
#
# Who is signalled: only what the spool's pid file and the kernel name. The
# job's process group, while its leader is the very process that wrote the pid
# file; whoever is in that leader's session; and whoever has the job's cookie in
# the environment it was started with. Never the session that asks.

# peek reads what the kernel says of a process. Its name may hold anything; what
# comes behind its last bracket are words.
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

# leads reports whether the process group still is the job's.
leads() {
	[ "$was" = "$boot" ] && peek "$group" && [ "$start" = "$began" ] && [ "$session" != "$mine" ]
}

# carries reports whether the cookie is in a process's environment, as a
# variable and not as a part of another.
carries() {
	tr '\n\000' '\001\n' <"/proc/$1/environ" 2>/dev/null | grep -qxF "WAYBILL_JOB=$cookie"
}

# suspects are files of processes that may be the job's, by a first look.
suspects() {
	grep -lsF "WAYBILL_JOB=$cookie" /proc/[0-9]*/environ
	[ -z "$led" ] || grep -lsE "\\) [A-Z] [0-9]+ ($group [0-9]+|[0-9]+ $group) " /proc/[0-9]*/stat
}

# belongs reports whether a process is one of the job's, and not one of those
# that keep its spool.
belongs() {
	peek "$1" && [ "$session" != "$mine" ] && [ "$1" -gt 1 ] || return 1
	! carries "$1" || return 0
	[ -n "$led" ] || return 1
	for keeper in "$group" "$marker"; do
		[ "$1" != "$keeper" ] && [ "$parent" != "$keeper" ] || return 1
	done
	[ "$among" = "$group" ] || [ "$session" = "$group" ]
}

# scan adds to seen, as PID:START:NAME, what was not seen before.
scan() {
	led=
	! leads || led=1
	for file in $(suspects); do
		pid=${file#/proc/}
		pid=${pid%%/*}
		belongs "$pid" || continue
		case $seen in
		*" $pid:$start:"*) ;;
		*) seen="$seen$pid:$start:$(name "$pid") " ;;
		esac
	done
}

name() {
	name=$(tr -c 'A-Za-z0-9._:/+@\n-' '[_*]' <"/proc/$1/comm" 2>/dev/null | head -n 1)
	echo "${name:-_}"
}

# there reports whether one that was seen is still there, and sets pid.
there() {
	pid=${1%%:*}
	peek "$pid" || return 1
	case $1 in
	"$pid:$start:"*) ;;
	*) return 1 ;;
	esac
}

# left sets left to the pids of what was seen and is still there.
left() {
	left=
	for one in $seen; do
		! there "$one" || left="$left $pid"
	done
	[ -n "$left" ]
}

# clock sets now to hundredths of seconds since the server started.
clock() {
	read -r now rest </proc/uptime
	now=${now%.*}${now#*.}
}

# ask sends TERM, once: a second one makes some programs give up at once.
ask() {
	touch "$spool/stopping" 2>/dev/null
	scan
	told=
	if leads; then
		told=$group
		kill -s TERM -- "-$group" 2>/dev/null
	fi
	for one in $seen; do
		there "$one" && [ "$among" != "$told" ] && kill -s TERM "$pid" 2>/dev/null
	done
}

# grant lets the grace pass, or less if all have gone.
grant() {
	clock
	until=$((now + grace)) pause=0.05
	while [ "$now" -lt "$until" ]; do
		if free; then
			scan
			left || return
		fi
		say 'H\n'
		nap "$pause"
		pause=0.2
		clock
	done
}

# strike sends KILL to all that is left, again and again, since there may be new
# ones meanwhile. The job's own shell gets the time to note the end; if it does
# not, it is gone with its group.
strike() {
	rounds=0 calm=0
	while [ "$rounds" -lt 60 ]; do
		rounds=$((rounds + 1))
		scan
		if left; then
			calm=0
			kill -s KILL $left 2>/dev/null
		elif free; then
			return
		else
			calm=$((calm + 1))
			[ "$calm" -lt 30 ] || behead
		fi
		say 'H\n'
		nap 0.1
	done
	behead
}

# behead ends the job's own shell and its helpers.
behead() {
	leads || return
	case $seen in
	*" $group:$start:"*) ;;
	*) seen="$seen$group:$start:$(name "$group") " ;;
	esac
	kill -s KILL -- "-$group" 2>/dev/null
	nap 0.1
}

# over tells what became of whom. 1: the job had not ended by itself.
over() {
	for one in $seen; do
		told=P
		! there "$one" || told=V
		one=${one#*:}
		say '%s %s %s\n' "$told" "$pid" "${one#*:}"
	done
	say 'T %s\n' "$1"
	exit 0
}

# absent deals with a job that has not begun: it never will.
absent() {
	waited=0
	while [ ! -e "$spool/pid" ]; do
		if [ ! -e "$spool/lock" ] || free; then
			mkdir -p "$dir" 2>/dev/null || over 0
			if bar; then
				[ -e "$spool/pid" ] || over 0
			else
				last
				[ "$last" = "$deployment" ] || over 0
			fi
		fi
		waited=$((waited + 1))
		[ "$waited" -lt 300 ] || fail BUSY
		say 'H\n'
		nap 0.05
	done
}

need flock cat tr grep head touch
seen=' ' left=
read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
peek $$ || fail NOPROC
mine=$session
absent
read -r group began was cookie marker keep <"$spool/pid"
case $group in
'' | *[!0-9]* | 0 | 1) fail NOSPOOL ;;
esac
case $cookie in
'' | *[!A-Z0-9]*) fail NOSPOOL ;;
esac
running=0
if [ -e "$spool/stopping" ]; then
	running=1
elif [ -e "$spool/exit" ]; then
	over 0
elif ! free; then
	running=1
fi
ask
grant
strike
over "$running"
