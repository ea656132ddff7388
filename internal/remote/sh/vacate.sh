# Removes the fence from the resource's control folder, and then the folders that are empty.
# session.sh and fence.sh come before.
need flock
if [ -d "$dir" ] && [ ! -L "$dir" ]; then
	lock_folder || fail ALIVE
	read_last
	! is_later "$last_deployment" "$deployment" || fail "HELD $last_deployment 0"
	rm -f "$dir/.waybill-last" "$dir/.waybill-last.new" "$dir/.waybill-lock" 2>/dev/null || fail NOPERM
	rmdir "$dir" 2>/dev/null
	rmdir "$folder" 2>/dev/null
fi
say 'D\n'
