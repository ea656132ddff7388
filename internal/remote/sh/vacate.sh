# Removes what fence.sh keeps in the resource's folder, and the folder if nothing
# else is in it. See session.sh and fence.sh for what is set before.
need flock
if [ -d "$dir" ] && [ ! -L "$dir" ]; then
	claim || fail ALIVE
	last
	! later "$last" "$deployment" || fail "HELD $last 0"
	rm -f "$dir/.waybill-last" "$dir/.waybill-last.new" "$dir/.waybill-lock" 2>/dev/null || fail NOPERM
	rmdir "$dir" 2>/dev/null
	rmdir "$folder" 2>/dev/null
fi
say 'D\n'
