# The fence: it decides who may work in the control folder of a resource, even if two
# instances of Waybill, or a runner that wakes up late, know of the resource. session.sh
# comes before. The folder has
#   .waybill-lock   locked by the job that runs, for its whole life
#   .waybill-last   the last job: "starting" or "started", deployment, attempt
# Go sets
#   spool                the job's spool
#   dir                  the control folder of the resource
#   deployment, attempt  the name of this deployment, and the number of its attempt
#
# The session that starts a job notes "starting" under the lock. The job itself notes
# "started", after its pid and before its first step. So the starting session may die at
# any time: a job that ran is never taken for one that did not, or the other way round.

# try COMMAND... runs a command that must succeed for the job to run at all. It sets
# message.
try() {
	message=$(
		LC_ALL=C
		export LC_ALL
		"$@" 2>&1 >/dev/null
	) || case $message in
	*uota*) fail NOQUOTA ;;
	*'No space left'*) fail "$(shortage)" ;;
	*'Permission denied'* | *'Read-only'* | *'not permitted'*) fail NOPERM ;;
	*) fail NOSPOOL ;;
	esac
}

# shortage prints what a full file system lacks: room or inodes. A file system that makes
# inodes on demand says that it has 0 of them in all. It sets existing.
shortage() {
	existing=$spool
	while [ -n "$existing" ] && [ ! -d "$existing" ]; do
		existing=${existing%/*}
	done
	case $(stat -f -c '%c %d' "${existing:-/}" 2>/dev/null) in
	'0 '*) echo NOSPACE ;;
	*' 0') echo NOINODES ;;
	*) echo NOSPACE ;;
	esac
}

# lock_folder takes the folder's lock as descriptor 4. A session that only reads the
# fence holds the lock for a moment, so it tries for a while. It sets tries.
lock_folder() {
	try touch "$dir/.waybill-lock"
	exec 4>>"$dir/.waybill-lock"
	tries=0
	until flock -n 4 4>&4; do
		tries=$((tries + 1))
		if [ "$tries" -ge 20 ]; then
			exec 4>&-
			return 1
		fi
		nap 0.05
	done
}

# read_last sets last_state, last_deployment and last_attempt to the words of
# .waybill-last.
read_last() {
	last_state='' last_deployment='' last_attempt=0
	[ -e "$dir/.waybill-last" ] || return 0
	read -r last_state last_deployment last_attempt <"$dir/.waybill-last"
	case $last_attempt in
	'' | *[!0-9]*) last_state='' ;;
	esac
	case $last_deployment in
	'' | *[!a-zA-Z0-9._-]*) last_state='' ;;
	esac
	case $last_state in
	starting | started) ;;
	*) last_state='' last_deployment='' last_attempt=0 ;;
	esac
}

# is_later ONE OTHER reports whether one deployment was requested after the other. Their
# names sort by that time.
is_later() {
	LC_ALL=C expr "x$1" \> "x$2" >/dev/null
}

# write_line FILE LINE writes with cat, because sh would not say why it failed.
write_line() {
	echo "$2" | cat >"$1"
}

# note_starting notes that the job is being started. It prepares the note that the job
# has started, so that the job needs no room on the disk for it.
note_starting() {
	write_last "starting $deployment $attempt"
	try write_line "$dir/.waybill-last.new" "started $deployment $attempt"
}

# write_last LINE replaces .waybill-last.
write_last() {
	try write_line "$dir/.waybill-last.new" "$1"
	try mv -f "$dir/.waybill-last.new" "$dir/.waybill-last"
}

# forbid_start makes sure that the deployment is never started here. It fails if a job is
# alive. It sets what lock_folder and read_last set.
forbid_start() {
	lock_folder || return 1
	read_last
	if [ "$last_state $last_deployment" = "starting $deployment" ] ||
		is_later "$deployment" "$last_deployment"; then
		write_last "started $deployment $attempt"
	fi
	exec 4>&-
}
