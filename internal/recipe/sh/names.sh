# Gives containers their own names back. Compose creates a new container under the name
# ID_NAME, with a label, and renames it after it has removed the old one. If a start ends in
# between, the container keeps that name, also in later starts. The step sets
#   project  the project's name
for id in $(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
	--filter label=com.docker.compose.replace); do
	read -r present state <<.
$(docker container inspect --format '{{.Name}} {{.State.Status}}' "$id")
.
	present=${present#/}
	prefix=${present%%_*} own=${present#*_}
	case $prefix in
	*[!0-9a-f]*) continue ;;
	esac
	{ [ "${#prefix}" -eq 12 ] && [ "$own" != "$present" ]; } || continue
	if ! docker container inspect "$own" >/dev/null 2>&1; then
		docker rename "$id" "$own"
		echo "Renamed the container $present to $own: an earlier start ended before that."
	elif [ "$state" = created ]; then
		docker rm "$id" >/dev/null
		echo "Removed the container $present, which an earlier start left."
	fi
done
