# How the processes of a job are found. session.sh comes before. Go sets
#   spool   the job's spool
#   cookie  the word in the environment of the job's processes
# The session itself sets
#   boot    the boot id of the server

# read_process PID reads the kernel's line about a process. It fails if the process has
# ended. It sets stat, process_state, parent, process_group, session and start.
read_process() {
	stat=$(cat "/proc/$1/stat" 2>/dev/null)
	case $stat in
	*') '*) ;;
	*) return 1 ;;
	esac
	# The name may hold any character. Only words follow its last bracket.
	# shellcheck disable=SC2086 # these are words
	set -- ${stat##*) }
	process_state=$1 parent=$2 process_group=$3 session=$4
	shift 19
	start=$1
	case $process_state in
	[ZX]) return 1 ;;
	esac
}

# leader_is_alive reports whether the job's own shell is alive: the same process that
# wrote the pid file. It reads group, began, job_boot and boot, and sets what
# read_process sets.
leader_is_alive() {
	[ -n "$group" ] && [ "$job_boot" = "$boot" ] && read_process "$group" && [ "$start" = "$began" ]
}

# find_job reads the pid file. A step may have removed or replaced that file. If it does
# not name a live shell, the job's shell is found by the cookie in its environment. It
# fails if there is neither a number nor a shell. It sets
#   group     the process group, the session and the pid of the job's shell
#   began     the start time of that shell
#   job_boot  the boot id of the server at that time
#   marker    the helper of the shell that has children
#   keep      the size of the head and of the tail of a stream that the spool keeps
#   audit     the login session, as the kernel's audit numbers it
#   enclosed  1 if the job has a control group
# It also sets file, pid and what read_process sets.
find_job() {
	group='' began='' job_boot='' marker='' keep='' audit='' enclosed=''
	[ ! -e "$spool/pid" ] || read -r group began job_boot _ marker keep audit enclosed <"$spool/pid"
	case $group in
	'' | *[!0-9]* | 0 | 1) group='' ;;
	esac
	! leader_is_alive || return 0
	# shellcheck disable=SC2013 # a path in /proc has no space
	for file in $(grep -lsF "WAYBILL_COOKIE=$cookie" /proc/[0-9]*/environ); do
		pid=${file#/proc/}
		pid=${pid%%/*}
		{ read_process "$pid" && [ "$session" = "$pid" ]; } || continue
		case $(tr '\000' '\n' <"/proc/$pid/cmdline" 2>/dev/null) in
		*"$spool/run") ;;
		*) continue ;;
		esac
		group=$pid began=$start job_boot=$boot
		return 0
	done
	[ -n "$group" ]
}

# end_is_forged reports whether the spool has an exit code although the job has not
# ended. The job's shell removes exit.new before exit appears, and ends at once
# afterwards. It sets patience.
end_is_forged() {
	patience=0
	while leader_is_alive; do
		[ "$patience" -lt 100 ] || return 0
		patience=$((patience + 1))
		[ $((patience % 20)) != 0 ] || say 'H\n'
		nap 0.05
	done
	[ -e "$spool/exit.new" ]
}
