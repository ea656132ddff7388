# Whether docker can be used, and the meaning of its messages. Go puts its table of
# messages into this file.

# ask_docker ARGUMENT... runs docker, for at most ten seconds if there is a command that
# limits the time. It sets limited.
ask_docker() {
	limited='timeout 10'
	command -v timeout >/dev/null 2>&1 || limited=''
	$limited docker "$@" </dev/null
}

# docker_means TEXT sets trouble to the word for the meaning of docker's text, or to
# nothing. It sets away to yes if docker as a whole cannot be used then.
docker_means() {
	trouble='' away=''
	case $1 in
@means@
	esac
}

# docker_advice WORD prints the sentences about a trouble.
docker_advice() {
	case $1 in
@advice@
	esac
}

# docker_answers reports whether docker answers. If not, it sets trouble to the word for
# the reason and away to yes, and prints those messages of docker that have no word. It
# sets reply.
docker_answers() {
	trouble='' away=''
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

# docker_trouble prints the word for the reason why docker cannot be used, or nothing. It
# repeats none of docker's own text. It sets what docker_answers sets.
docker_trouble() {
	if ! docker_answers 2>/dev/null; then
		echo "$trouble"
	elif ! ask_docker compose version >/dev/null 2>&1; then
		echo compose
	fi
}
