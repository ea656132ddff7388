# Creates the networks that are missing. engine.sh comes before. The step sets
#   $@  their names
#
# Only one deployment at a time does this. Otherwise docker would create two networks of one
# name, and then refuse the name as ambiguous. The lock is the root directory: it is the only
# folder that two entries for one machine certainly share.
exec 3</
flock 3
for name; do
	if ! docker network inspect -- "$name" >/dev/null 2>&1; then
		ask docker network create --attachable -- "$name" >/dev/null 3>&-
		echo "Created the network $name."
	fi
done
