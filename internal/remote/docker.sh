# docker_trouble prints one word for why docker cannot be used, or nothing. It
# reads docker's own text and repeats none of it.
docker_trouble() {
	command -v docker >/dev/null 2>&1 || {
		echo absent
		return
	}
	said=$(
		LC_ALL=C
		export LC_ALL
		wait_for='timeout 10'
		command -v timeout >/dev/null 2>&1 || wait_for=
		$wait_for docker version --format '{{.Server.Version}}' </dev/null 2>&1 >/dev/null
	) || {
		case $said in
		*'permission denied'*) echo denied ;;
		*) echo down ;;
		esac
		return
	}
	docker compose version </dev/null >/dev/null 2>&1 || echo compose
}
