# Refuses a server that lacks what every other step needs.
if ! command -v docker >/dev/null 2>&1; then
	echo 'This server has no docker. Install docker and its compose plug-in.' >&2
	exit 1
fi
if ! docker compose version >/dev/null 2>&1; then
	echo 'The docker of this server has no compose plug-in. Install it.' >&2
	exit 1
fi
