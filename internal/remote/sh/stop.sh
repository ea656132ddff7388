# Ends a job and everything that its steps left. session.sh, fence.sh and process.sh come
# before. Besides their variables, Go sets
#   grace  the time that the processes have after TERM, in hundredths of a second
# and it defines end_containers and report_containers, as in containers.sh or empty.
#
# A process gets a signal only if the kernel says that it belongs to the job:
#   - it is in the job's process group, and the leader of the group is the job's shell;
#   - it is in the session of that shell;
#   - it was started with the job's cookie in its environment;
#   - it is in the job's control group, if run.sh could make one;
#   - it is in the job's login session, as the kernel's audit numbers it, began after the
#     job, and is in no session of Waybill's.
# The last two find processes that changed their user, session and environment. The
# session that runs this script is never signalled.

# has_cookie PID reports whether the environment of a process has the cookie as a variable,
# and not as a part of another one.
has_cookie() {
	tr '\n\000' '\001\n' <"/proc/$1/environ" 2>/dev/null | grep -qxF "WAYBILL_JOB=$cookie"
}

# list_candidates prints files in /proc of processes that may be the job's. It reads audit
# and group, and session_is_known.
list_candidates() {
	grep -lsF "WAYBILL_JOB=$cookie" /proc/[0-9]*/environ
	grep -ls "/waybill-$cookie\(/\|\$\)" /proc/[0-9]*/cgroup
	[ -z "$audit" ] || grep -lsx "$audit" /proc/[0-9]*/sessionid
	[ -z "$session_is_known" ] ||
		grep -lsE "\\) [A-Z] [0-9]+ ($group [0-9]+|[0-9]+ $group) " /proc/[0-9]*/stat
}

# belongs_to_job PID reports whether a process is one of the job's, and not one of those
# that write its spool. It reads group, marker, own_session and session_is_known; sets
# keeper and what read_process sets.
belongs_to_job() {
	{ read_process "$1" && [ "$session" != "$own_session" ] && [ "$1" -gt 1 ]; } || return 1
	! has_cookie "$1" || return 0
	for keeper in $group $marker; do
		{ [ "$1" != "$keeper" ] && [ "$parent" != "$keeper" ]; } || return 1
	done
	[ -z "$session_is_known" ] || { [ "$process_group" != "$group" ] && [ "$session" != "$group" ]; } ||
		return 0
	! grep -qs "/waybill-$cookie\(/\|\$\)" "/proc/$1/cgroup" || return 0
	is_in_login_session "$1"
}

# is_in_login_session PID reports whether a process that was read is in the job's login
# session, and not in a session of Waybill's. Those share the login session if they share
# the connection. The leader of such a session is a child of sshd. It reads audit,
# job_boot, boot and began; sets leader and what read_process sets.
is_in_login_session() {
	{ [ -n "$audit" ] && [ "$job_boot" = "$boot" ] && [ "$start" -ge "$began" ]; } || return 1
	[ "$(cat "/proc/$1/sessionid" 2>/dev/null)" = "$audit" ] || return 1
	! grep -qsF "WAYBILL_PUMP=$cookie" "/proc/$1/environ" || return 1
	leader=$session
	if read_process "$leader"; then
		case $(cat "/proc/$parent/comm" 2>/dev/null) in
		sshd*) return 1 ;;
		esac
	fi
	read_process "$1"
}

# find_processes adds the job's processes to seen, as PID:START:NAME, unless they are in it
# already. It sets session_is_known, file, pid and what belongs_to_job sets.
find_processes() {
	session_is_known=''
	! session_is_the_jobs || session_is_known=1
	for file in $(list_candidates | LC_ALL=C sort -u); do
		pid=${file#/proc/}
		pid=${pid%%/*}
		belongs_to_job "$pid" || continue
		case $seen in
		*" $pid:$start:"*) ;;
		*) seen="$seen$pid:$start:$(process_name "$pid") " ;;
		esac
	done
}

# session_is_the_jobs reports whether the number of the job's session still means that
# session. Either its leader is alive, or no process has the number as its pid, so that
# only members of the session still have it. It sets what read_process sets.
session_is_the_jobs() {
	{ [ -n "$group" ] && [ "$job_boot" = "$boot" ] && [ "$group" != "$own_session" ]; } || return 1
	! read_process "$group" || [ "$start" = "$began" ]
}

# process_name PID prints the name of a process as one word. It sets name.
process_name() {
	# Without its newline, because the tr of busybox cannot keep it.
	name=$(head -n 1 "/proc/$1/comm" 2>/dev/null | tr -d '\n' | tr -c 'A-Za-z0-9._:/+@-' _)
	echo "${name:-_}"
}

# still_runs ENTRY reports whether an entry of seen still runs. It sets pid to the entry's,
# and what read_process sets.
still_runs() {
	pid=${1%%:*}
	read_process "$pid" || return 1
	case $1 in
	"$pid:$start:"*) ;;
	*) return 1 ;;
	esac
}

# find_survivors sets survivors to the pids of the entries of seen that still run, and
# fails if there are none. It sets one and what still_runs sets.
find_survivors() {
	survivors=''
	for one in $seen; do
		! still_runs "$one" || survivors="$survivors $pid"
	done
	[ -n "$survivors" ]
}

# read_clock sets now to the time since the server started, in hundredths of a second.
read_clock() {
	read -r now _ </proc/uptime
	now=${now%.*}${now#*.}
}

# terminate sends TERM, once: a second TERM makes some programs give up at once. It sets
# told, one and what find_processes sets.
terminate() {
	touch "$spool/stopping" 2>/dev/null
	find_processes
	# Without the note, the job's shell would continue with the next step.
	[ -e "$spool/stopping" ] || ! leader_is_alive || kill -s KILL "$group" 2>/dev/null
	told=''
	if leader_is_alive; then
		told=$group
		kill -s TERM -- "-$group" 2>/dev/null
	fi
	for one in $seen; do
		still_runs "$one" && [ "$process_group" != "$told" ] && kill -s TERM "$pid" 2>/dev/null
	done
}

# await_end waits until all processes have ended, at most for the grace period. It sets
# now, deadline, pause and what find_processes and find_survivors set.
await_end() {
	read_clock
	deadline=$((now + grace)) pause=0.05
	while [ "$now" -lt "$deadline" ]; do
		if ! leader_is_alive; then
			find_processes
			find_survivors || return
		fi
		say 'H\n'
		nap "$pause"
		pause=0.2
		read_clock
	done
}

# kill_survivors sends KILL to all survivors, repeatedly, because new processes may appear
# meanwhile. The job's own shell gets time to note the end. If it does not end, it is
# killed with its group. It sets rounds, calm and what find_survivors sets.
kill_survivors() {
	rounds=0 calm=0
	while [ "$rounds" -lt 60 ]; do
		rounds=$((rounds + 1))
		find_processes
		if find_survivors; then
			calm=0
			# shellcheck disable=SC2086 # pids
			kill -s KILL $survivors 2>/dev/null
		elif ! leader_is_alive; then
			return
		else
			calm=$((calm + 1))
			[ "$calm" -lt 30 ] || kill_leader
		fi
		say 'H\n'
		nap 0.1
	done
	kill_leader
}

# kill_leader kills the job's own shell and its helpers. It adds the shell to seen.
kill_leader() {
	leader_is_alive || return
	case $seen in
	*" $group:$start:"*) ;;
	*) seen="$seen$group:$start:$(process_name "$group") " ;;
	esac
	kill -s KILL -- "-$group" 2>/dev/null
	nap 0.1
}

# remove_cgroup removes the job's control group if its shell was killed before it could. It
# sets mount and kind.
remove_cgroup() {
	while read -r _ mount kind _; do
		[ "$kind" = cgroup2 ] || continue
		find "$mount" -depth -type d -name "waybill-$cookie" -exec rmdir {} \; 2>/dev/null
	done </proc/mounts
}

# report_end RUNNING sends a frame for each entry of seen, and ends the session. RUNNING is
# 1 if the job had not ended by itself. It reads sees; sets one, kind and pid.
report_end() {
	for one in $seen; do
		kind=P
		! still_runs "$one" || kind=V
		one=${one#*:}
		say '%s %s %s\n' "$kind" "$pid" "${one#*:}"
	done
	say 'T %s %s\n' "$1" "$sees"
	exit 0
}

# find_job_or_forbid_start finds the job, or makes sure that a job that has not begun never
# begins. A job that has begun and has lost its spool leaves only the cookie. It sets
# waited and what find_job and forbid_start set.
find_job_or_forbid_start() {
	waited=0
	until find_job; do
		if [ ! -e "$spool/lock" ] || is_unlocked "$spool"; then
			mkdir -p "$dir" 2>/dev/null || report_end 0
			if forbid_start; then
				[ -e "$spool/pid" ] || return 0
			else
				read_last
				[ "$last_deployment" = "$deployment" ] || return 0
			fi
		fi
		waited=$((waited + 1))
		[ "$waited" -lt 300 ] || fail BUSY
		say 'H\n'
		nap 0.05
	done
}

need flock cat tr grep head touch sort find
seen=' ' sees=0
read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
read_process $$ || fail NOPROC
own_session=$session
find_job_or_forbid_start
case $audit in
'' | - | *[!0-9]*) audit='' ;;
esac
# Either of them finds processes that changed everything they can, so none is missed.
{ [ -z "$audit" ] && [ "$enclosed" != 1 ]; } || sees=1
running=0
if [ -e "$spool/stopping" ]; then
	running=1
elif [ -e "$spool/exit" ] && ! end_is_forged; then
	report_end 0
elif leader_is_alive; then
	running=1
fi
terminate
await_end
end_containers
kill_survivors
remove_cgroup
report_containers
report_end "$running"
