# Refuses a server where docker cannot be used, before anything is done on it. engine.sh
# comes before.
problem=$(docker_trouble)
if [ -n "$problem" ]; then
	docker_advice "$problem" >&2
	exit "$docker_exit"
fi
