# Removes the spool of a job that is not alive. Before that, it notes that the job must not
# be started again. session.sh and fence.sh come before.
need flock
if [ -e "$spool/lock" ] && ! flock -s -w 2 "$spool/lock" true 2>/dev/null; then
	fail ALIVE
fi
[ ! -e "$dir/.waybill-lock" ] || forbid_start
rm -rf "$spool" 2>/dev/null || fail NOPERM
say 'D\n'
