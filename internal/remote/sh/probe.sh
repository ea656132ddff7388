# Tests whether the server has everything that a job needs, and changes nothing. Each thing
# that is missing gets a frame of its own, so that the reader learns of all of them at once.
# session.sh and docker.sh come before. Go sets
#   data  the data directory

for tool in flock setsid base64 stat mkfifo head dd date cat mv tr touch grep sort find expr tail \
	mkdir rm chmod sleep; do
	command -v "$tool" >/dev/null 2>&1 || say 'F MISSING %s\n' "$tool"
done
setsid -f true 2>/dev/null || ! command -v setsid >/dev/null 2>&1 || say 'F MISSING setsid\n'
[ -r /proc/sys/kernel/random/boot_id ] || say 'F NOPROC\n'
folder=$data
while [ ! -e "$folder" ] && [ "$folder" != / ] && [ -n "$folder" ]; do
	folder=${folder%/*}
done
folder=${folder:-/}
if [ ! -d "$folder" ]; then
	say 'F NOSPOOL\n'
elif [ ! -w "$folder" ] || [ ! -x "$folder" ]; then
	say 'F NOPERM\n'
fi
trouble=$(docker_trouble)
[ -z "$trouble" ] || say 'F DOCKER %s\n' "$trouble"
say 'D\n'
