# Tests what a start needs, and changes nothing. Before is set
#   data    the data directory
# Each lack is a frame, so that all of them are named at once.

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
