# Ends a job, and whatever of its steps is left. What comes before sets, besides
# what session.sh and fence.sh say,
#   grace   how long the processes have after TERM, in hundredths of seconds
# and defines hail and remaining, which look after containers.
#
# Which processes are signalled: only those that the kernel says are the job's.
#   - its process group, while the group's leader is the job's own shell;
#   - those in the session of that shell;
#   - those with the job's cookie in the environment they were started with;
#   - those in the job's control group, where run.sh could make one;
#   - those in its login session, as the kernel's audit numbers them, that began
#     after the job and are of no session of ours.
# The last two find what changed its user, its session and its environment.
# The session that asks is never signalled.

# carries reports whether the cookie is in a process's environment, as a
# variable and not as a part of another.
carries() {
	tr '\n\000' '\001\n' <"/proc/$1/environ" 2>/dev/null | grep -qxF "WAYBILL_JOB=$cookie"
}

# suspects are files of processes that may be the job's, by a first look.
suspects() {
	grep -lsF "WAYBILL_JOB=$cookie" /proc/[0-9]*/environ
	grep -ls "/waybill-$cookie\(/\|\$\)" /proc/[0-9]*/cgroup
	[ -z "$audit" ] || grep -lsx "$audit" /proc/[0-9]*/sessionid
	[ -z "$led" ] || grep -lsE "\\) [A-Z] [0-9]+ ($group [0-9]+|[0-9]+ $group) " /proc/[0-9]*/stat
}

# belongs reports whether a process is one of the job's, and not one of those
# that keep its spool.
belongs() {
	peek "$1" && [ "$session" != "$mine" ] && [ "$1" -gt 1 ] || return 1
	! carries "$1" || return 0
	for keeper in $group $marker; do
		[ "$1" != "$keeper" ] && [ "$parent" != "$keeper" ] || return 1
	done
	[ -z "$led" ] || [ "$among" != "$group" ] && [ "$session" != "$group" ] || return 0
	! grep -qs "/waybill-$cookie\(/\|\$\)" "/proc/$1/cgroup" || return 0
	logged "$1"
}

# logged reports whether a process that peek has read is of the job's login
# session and not of one of ours, which share it when they share a connection:
# the leader of such a session is a child of sshd.
logged() {
	[ -n "$audit" ] && [ "$was" = "$boot" ] && [ "$start" -ge "$began" ] || return 1
	[ "$(cat "/proc/$1/sessionid" 2>/dev/null)" = "$audit" ] || return 1
	! grep -qsF "WAYBILL_PUMP=$cookie" "/proc/$1/environ" || return 1
	of=$session
	if peek "$of"; then
		case $(cat "/proc/$parent/comm" 2>/dev/null) in
		sshd*) return 1 ;;
		esac
	fi
	peek "$1"
}

# scan adds to seen, as PID:START:NAME, what was not seen before.
scan() {
	led=
	! ours || led=1
	for file in $(suspects | LC_ALL=C sort -u); do
		pid=${file#/proc/}
		pid=${pid%%/*}
		belongs "$pid" || continue
		case $seen in
		*" $pid:$start:"*) ;;
		*) seen="$seen$pid:$start:$(name "$pid") " ;;
		esac
	done
}

# ours reports whether the number of the job's session still means that session:
# its leader is alive, or the number is of no process, and lives on only in the
# session's members.
ours() {
	[ -n "$group" ] && [ "$was" = "$boot" ] && [ "$group" != "$mine" ] || return 1
	! peek "$group" || [ "$start" = "$began" ]
}

# name prints a process's name as one word. The newline is put back since the tr
# of busybox knows no other way to keep it.
name() {
	name=$(head -n 1 "/proc/$1/comm" 2>/dev/null | tr -d '\n' | tr -c 'A-Za-z0-9._:/+@-' _)
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
	# Without the note, the job's shell would go on with the next step.
	[ -e "$spool/stopping" ] || ! leads || kill -s KILL "$group" 2>/dev/null
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
		if ! leads; then
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
		elif ! leads; then
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

# clear removes the job's control group when its shell could not, being killed.
clear() {
	while read -r device mount kind rest; do
		[ "$kind" = cgroup2 ] || continue
		find "$mount" -depth -type d -name "waybill-$cookie" -exec rmdir {} \; 2>/dev/null
	done </proc/mounts
}

# over tells what became of whom. 1: the job had not ended by itself.
over() {
	for one in $seen; do
		told=P
		! there "$one" || told=V
		one=${one#*:}
		say '%s %s %s\n' "$told" "$pid" "${one#*:}"
	done
	say 'T %s %s\n' "$1" "$sees"
	exit 0
}

# absent deals with a job that has not begun: it never will. One that has begun,
# and whose spool is gone, leaves it with nothing but the cookie.
absent() {
	waited=0
	until identify; do
		if [ ! -e "$spool/lock" ] || free; then
			mkdir -p "$dir" 2>/dev/null || over 0
			if bar; then
				[ -e "$spool/pid" ] || return 0
			else
				last
				[ "$last" = "$deployment" ] || return 0
			fi
		fi
		waited=$((waited + 1))
		[ "$waited" -lt 300 ] || fail BUSY
		say 'H\n'
		nap 0.05
	done
}

need flock cat tr grep head touch sort find
seen=' ' left= sees=0
read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
peek $$ || fail NOPROC
mine=$session
absent
case $audit in
'' | - | *[!0-9]*) audit= ;;
esac
# What finds a process that changed all it can: then nothing is missed.
[ -z "$audit" ] && [ "$enclosed" != 1 ] || sees=1
running=0
if [ -e "$spool/stopping" ]; then
	running=1
elif [ -e "$spool/exit" ] && ! forged; then
	over 0
elif leads; then
	running=1
fi
ask
grant
hail
strike
clear
remaining
over "$running"
