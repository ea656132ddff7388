# ask_docker runs docker, for at most ten seconds where there is a way to limit it.
ask_docker() {
	wait_for='timeout 10'
	command -v timeout >/dev/null 2>&1 || wait_for=
	$wait_for docker "$@" </dev/null
}

# docker_means sets trouble to the word for what docker's text in $1 means, or to
# nothing, and away if docker as a whole cannot be used then.
docker_means() {
trouble= away=
case $1 in
@means@
esac
}

# docker_advice prints what to say about the trouble of the word $1.
docker_advice() {
case $1 in
@advice@
esac
}

# docker_answers reports whether docker answers. If it does not, it sets trouble
# to the word for why, and shows what docker says that has no word of its own.
docker_answers() {
	trouble= away=
	command -v docker >/dev/null 2>&1 || {
		trouble=absent away=yes
		return 1
	}
	! reply=$(
		LC_ALL=C
		export LC_ALL
		ask_docker version --format '{{.Server.Version}}' 2>&1 >/dev/null
	) || return 0
	docker_means "$reply"
	if [ -z "$away" ]; then
		trouble=down away=yes
		[ -z "$reply" ] || printf '%s\n' "$reply" >&2
	fi
	return 1
}

# docker_trouble prints the word for why docker cannot be used, or nothing. It
# repeats none of docker's own text.
docker_trouble() {
	if ! docker_answers 2>/dev/null; then
		echo "$trouble"
	elif ! ask_docker compose version >/dev/null 2>&1; then
		echo compose
	fi
}
