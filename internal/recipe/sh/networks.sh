# Makes the networks that are missing. Before is set
#   $@   their names
#
# One deployment at a time: docker would let two make two networks of one name,
# and then find the name ambiguous. The lock is the root directory, since two
# server entries for one machine share nothing else for sure.
exec 3</
flock 3
for name; do
	if ! docker network inspect -- "$name" >/dev/null 2>&1; then
		ask docker network create --attachable -- "$name" >/dev/null 3>&-
		echo "Created the network $name."
	fi
done
