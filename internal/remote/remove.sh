# Removes a job's spool, but not under a job that is alive.
printf '\n%s\n' "$nonce"
if [ -e "$spool/lock" ] && ! flock -s -w 2 "$spool/lock" true 2>/dev/null; then
	echo 'F ALIVE'
	exit 0
fi
rm -rf "$spool" 2>/dev/null || {
	echo 'F NOPERM'
	exit 0
}
echo 'D'
