# The first half of a session that follows a job: it puts the files in place and starts
# the job once, or finds it. session.sh, fence.sh and process.sh come before, and
# follow.sh after. Besides their variables, Go sets
#   fresh     1 if no byte of this job was read yet
#   out, err  the offsets from which the reader wants stdout and stderr
#   folder    the resource's own folder
# and it defines install_files, which calls install_file for each file.

stage='' started=0

# open_session finds out whether there is a job, before anything else is sent. It sets
# boot and stage.
open_session() {
	need flock setsid base64 stat mkfifo head dd date cat mv
	read -r boot </proc/sys/kernel/random/boot_id || fail NOPROC
	if [ ! -e "$spool/pid" ]; then
		# A reader that has bytes of this job knows that it ran. Then its spool is gone,
		# and the job must not run again.
		[ "$fresh" = 1 ] || end_without_spool
		check_fence
		try mkdir -p "$spool" "$dir" "$folder"
		try chmod 700 "$spool" "$dir"
		stage=$spool/new.$nonce
		trap 'rm -rf "$stage"' EXIT
		trap 'exit 1' HUP INT TERM PIPE
		try mkdir "$stage"
	fi
}

# receive NUMBER appends stdin to the staged file of that number. Each session has a
# stage of its own, so the files of a session that breaks off are never used. Each call
# is answered, which shows that both ends are alive. It reads stage.
receive() {
	[ -z "$stage" ] || try append "$stage/$1"
	say 'H\n'
}

# append FILE decodes stdin.
append() {
	base64 -d >>"$1"
}

# install_file NUMBER MODE PATH moves a staged file to its path. The stage may be on
# another file system, so it moves the file twice: the second move is atomic. It reads
# stage.
install_file() {
	try mkdir -p "${3%/*}"
	[ ! -d "$3" ] || [ -L "$3" ] || fail ISDIR
	try chmod "$2" "$stage/$1"
	try mv -f "$stage/$1" "${3%/*}/.waybill-new.$nonce"
	try mv -fT "${3%/*}/.waybill-new.$nonce" "$3"
}

# begin starts the job unless it was started. The lock decides: the job holds it for its
# whole life, and a starting session only for a moment. It reads stage and sets waited.
begin() {
	waited=0
	while [ ! -e "$spool/pid" ]; do
		try touch "$spool/lock"
		exec 9>>"$spool/lock"
		if flock -n 9 9>&9; then # named, because some shells do not pass it on otherwise
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

# check_fence refuses the job if the fence says that it must not be started. If it was
# started and its spool is gone, so is the job. Such a note is younger than the job's pid
# file, so that file is checked last. It sets what read_last sets.
check_fence() {
	read_last
	if [ "$last_deployment" = "$deployment" ]; then
		[ "$last_state" = starting ] || [ -e "$spool/pid" ] || end_without_spool
		[ "$last_attempt" -le "$attempt" ] || fail "HELD $last_deployment 0"
	elif is_later "$last_deployment" "$deployment"; then
		fail "HELD $last_deployment 0"
	fi
}

# end_without_spool ends a session about a job that ran and has no spool. If the job's
# shell is alive, its spool was removed during its life.
end_without_spool() {
	! find_job || end_as_lost 2 2
	end_as_lost 0 2
}

# launch runs the job, detached. The job inherits two locks: of the spool, and of the
# resource's folder. All that it will have to write besides output gets its room on the
# disk now, so that a disk that fills up later cannot hide its end. setsid forks by
# itself, because a background command of a shell would ignore interrupts for ever. It
# sets started, name, waited and what read_last sets.
launch() {
	setsid -f true 2>/dev/null || fail 'MISSING setsid' # busybox's cannot fork
	if ! lock_folder; then
		read_last
		fail "HELD ${last_deployment:-unknown} 1"
	fi
	check_fence
	install_files
	try rm -f "$spool/pipe.out" "$spool/pipe.err" "$spool/exit.new" "$spool/whole.out" "$spool/whole.err"
	try mkfifo "$spool/pipe.out" "$spool/pipe.err"
	for name in out err steps marks; do
		try empty "$spool/$name"
	done
	# Room for later lines, if the file system can reserve it.
	for name in steps marks; do
		fallocate -n -l 65536 "$spool/$name" 2>/dev/null
	done
	for name in pid.new exit.new pump.out pump.err why.out why.err; do
		try reserve "$spool/$name"
	done
	note_starting
	(
		umask "$mask"
		cd /
		WAYBILL_COOKIE=$cookie
		export WAYBILL_COOKIE
		exec setsid -f sh "$spool/run" </dev/null >/dev/null 2>&1 4>&4 9>&9
	)
	exec 4>&- 9>&-
	# On a busy server this takes longer than a reader waits for a frame. The signs of
	# life end after a while, so that a shell that hangs is given up.
	waited=0
	while [ ! -e "$spool/pid" ]; do
		if is_unlocked "$spool" && [ ! -e "$spool/pid" ]; then
			fail NOSTART
		fi
		waited=$((waited + 1))
		[ $((waited % 10)) != 0 ] || [ "$waited" -gt 1000 ] || say 'H\n'
		nap 0.02
	done
	started=1
}

# empty FILE truncates a file.
empty() {
	: >"$1"
}

# reserve FILE writes with cat, because sh would not say why it failed.
reserve() {
	printf '%512s\n' '' | cat >"$1"
}
