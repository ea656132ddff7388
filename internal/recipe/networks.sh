# Makes the networks that are missing. Before is set
#   lock   a file of the server's
#   $@     their names
#
# One deployment at a time: docker would let two make two of one name, and then
# find the name ambiguous.
exec 3>>"$lock"
flock 3
for name; do
	if ! docker network inspect -- "$name" >/dev/null 2>&1; then
		ask docker network create --attachable -- "$name" >/dev/null 3>&-
		echo "Created the network $name."
	fi
done
