# Removes a job's spool, but not under a job that is alive, and not before it is
# noted that the job must not be started again.
need flock
if [ -e "$spool/lock" ] && ! flock -s -w 2 "$spool/lock" true 2>/dev/null; then
	fail ALIVE
fi
[ ! -e "$dir/.waybill-lock" ] || bar
rm -rf "$spool" 2>/dev/null || fail NOPERM
say 'D\n'
