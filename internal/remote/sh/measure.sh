# Measures the server and changes nothing. session.sh and docker.sh come before. Go sets
#   data   the data directory
#   usage  not empty if docker is asked how much it uses, which may take long

say 'B %s\n' "$(date +%s.%N)"

# say_disk WORD PATH prints the frame about the file system of a path, if stat can tell. It
# sets disk.
say_disk() {
	disk=$(stat -f -c '%b %a %S %c %d' "$2" 2>/dev/null) || return 0
	say 'Z %s %s\n' "$1" "$disk"
}

folder=$data
while [ ! -e "$folder" ] && [ "$folder" != / ] && [ -n "$folder" ]; do
	folder=${folder%/*}
done
say_disk data "${folder:-/}"
if command -v docker >/dev/null 2>&1; then
	root=$(ask_docker info --format '{{.DockerRootDir}}' 2>/dev/null) || root=''
	case $root in
	/*) say_disk docker "$root" ;;
	esac
	if [ -n "$root" ] && [ -n "$usage" ]; then
		ask_docker system df --format '{{.Type}}|{{.Size}}|{{.Reclaimable}}' 2>/dev/null |
			while IFS='|' read -r what size rest; do
				case $what in
				Images) what=images ;;
				Containers) what=containers ;;
				'Local Volumes') what=volumes ;;
				'Build Cache') what=cache ;;
				*) continue ;;
				esac
				say 'I %s %s %s\n' "$what" "$size" "${rest%% *}"
			done
	fi
fi
say 'D\n'
