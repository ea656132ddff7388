# Gives containers their own names back. Compose makes a new container under the
# name ID_NAME, with a label, and renames it when the old one is gone; a start
# that ended in between leaves it so, and later ones would keep it. Before is set
#   project   the project's name
for id in $(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.replace); do
	read -r is state <<.
$(docker container inspect --format '{{.Name}} {{.State.Status}}' "$id")
.
	is=${is#/}
	prefix=${is%%_*} own=${is#*_}
	case $prefix in
	*[!0-9a-f]*) continue ;;
	esac
	[ "${#prefix}" -eq 12 ] && [ "$own" != "$is" ] || continue
	if ! docker container inspect "$own" >/dev/null 2>&1; then
		docker rename "$id" "$own"
		echo "Renamed the container $is to $own: an earlier start ended before that."
	elif [ "$state" = created ]; then
		docker rm "$id" >/dev/null
		echo "Removed the container $is, which an earlier start left."
	fi
done
