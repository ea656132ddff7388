# Refuses a server that lacks what every other step needs, before anything is
# done on it. Before is set what engine.sh says, which is read already.
lack=$(docker_trouble)
if [ -n "$lack" ]; then
	docker_advice "$lack" >&2
	exit "$absent"
fi
