# Refuses a server that lacks what every other step needs, before anything is
# done on it. Before is set what engine.sh says, which is read already.
if ! command -v docker >/dev/null 2>&1; then
	echo 'This server has no docker. Install docker and its compose plug-in.' >&2
	exit "$absent"
fi
if ! docker compose version >/dev/null 2>&1; then
	echo 'The docker of this server has no compose plug-in. Install it.' >&2
	exit "$absent"
fi
if ! answers; then
	printf '%s\n' "$meaning" >&2
	exit "$absent"
fi
