# Who may work in the resource's folder, also when two of Waybill, or a runner
# that wakes up late, know of it. In the folder lie
#   .waybill-lock   locked by the job that runs, for its whole life
#   .waybill-last   the last job: "starting" or "started", deployment, attempt
# Before is set
#   dir   the resource's folder     deployment attempt   who we are
#
# A starter notes "starting" under the lock, the job itself "started", after its
# pid and before its first step. So a starter may die at any moment: a job that
# ran is never taken for one that did not, nor the other way round.

# claim takes the folder's lock, as descriptor 4. Who only looks after the fence
# holds it for a moment; so it is tried for a while.
claim() {
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

# last sets state, last and by to what .waybill-last says.
last() {
	state= last= by=0
	[ -e "$dir/.waybill-last" ] || return 0
	read -r state last by <"$dir/.waybill-last"
	case $by in
	'' | *[!0-9]*) state= ;;
	esac
	case $last in
	'' | *[!a-zA-Z0-9._-]*) state= ;;
	esac
	case $state in
	starting | started) ;;
	*) state= last= by=0 ;;
	esac
}

# later reports whether a deployment was asked for after another: names sort so.
later() {
	LC_ALL=C expr "x$1" \> "x$2" >/dev/null
}

# keep has cat write: sh would not say why it could not.
keep() {
	echo "$2" | cat >"$1"
}

# announce notes that the job is being started, and leaves ready for it what to
# put in place as soon as it has started: it needs no room on the disk then.
announce() {
	record "starting $deployment $attempt"
	try keep "$dir/.waybill-last.new" "started $deployment $attempt"
}

record() {
	try keep "$dir/.waybill-last.new" "$1"
	try mv -f "$dir/.waybill-last.new" "$dir/.waybill-last"
}

# bar keeps the deployment from being started here, now and for ever.
bar() {
	claim || return 1
	last
	if [ "$state $last" = "starting $deployment" ] || later "$deployment" "$last"; then
		record "started $deployment $attempt"
	fi
	exec 4>&-
}
