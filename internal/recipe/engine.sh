# How the steps speak to docker, and what docker's texts mean. Before is set
#   spool    the job's folder for its state
#   absent   what to exit with if docker does not answer

# explain sets meaning to what docker's text in $1 means and what to do about
# it, or to nothing; and away if docker does not answer.
explain() {
	meaning= away=
	case $1 in
	*'ermission denied'*[Dd]'ocker daemon socket'* | *'ermission denied'*docker.sock* | *'ermission denied'*'docker API'*)
		away=yes
		meaning="The user $(id -un) may not use docker on this server. Add it to the group docker: usermod -aG docker $(id -un)"
		;;
	*'annot connect to the Docker daemon'* | *'ailed to connect to the docker API'* | *'error during connect'* | *docker.sock*'connect: '*)
		away=yes
		meaning='The docker engine of this server does not answer. Start it, for example with: systemctl start docker'
		;;
	*toomanyrequests* | *'429 Too Many'*)
		meaning="The registry has had too many requests. Wait, or log in to it: run docker login as $(id -un) on the server."
		;;
	*'pull access denied'* | *'manifest unknown'* | *'requested access to the resource is denied'*)
		meaning="The registry has no such image, or wants a login. Check the image's name and tag; for a private image, run docker login as $(id -un) on the server."
		;;
	*nauthorized* | *'no basic auth credentials'* | *'authentication required'* | *'401 '*)
		meaning="The registry wants a login. Run docker login with the registry's name as $(id -un) on the server, and deploy again."
		;;
	*'port is already allocated'* | *'address already in use'*)
		meaning='Another program or container uses a port that a container publishes. Stop that one, or publish another port.'
		;;
	*'no space left on device'*) meaning="The server's disk is full." ;;
	esac
}

# answers reports whether docker answers, and explains why if it does not.
answers() {
	if reply=$(docker version --format '{{.Server.Version}}' 2>&1); then
		away=
		return 0
	fi
	explain "$reply"
	away=yes meaning=${meaning:-The docker engine of this server does not answer: $reply}
	return 1
}

# sift takes what docker says besides its output. Progress goes to stdout; the
# rest, with each warning once, goes to stderr and into the file said.
sift() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		*'level=warning msg='*)
			line=$(printf '%s\n' "${line#*level=warning msg=}" | sed 's/^"//; s/"$//; s/\\"/"/g')
			if ! grep -qxF -e "$line" "$spool/warned" 2>/dev/null; then
				printf '%s\n' "$line" >>"$spool/warned"
				printf 'Warning: %s\n' "$line" >&2
			fi
			continue
			;;
		'' | ' '* | '#'* | --- | ----* | Dockerfile:* | 'Container '* | 'Network '* | 'Volume '* | 'Image '*)
			printf '%s\n' "$line"
			continue
			;;
		esac
		printf '%s\n' "$line" >>"$spool/said"
		printf '%s\n' "$line" >&2
	done
}

# conclude explains a command that failed with result, and returns that, or
# absent if docker does not answer.
conclude() {
	[ "$result" != 0 ] || return 0
	explain "$(cat "$spool/said")"
	[ -n "$meaning" ] || answers || :
	[ -z "$meaning" ] || printf '%s\n' "$meaning" >&2
	[ -z "$away" ] || result=$absent
	return "$result"
}

# tell runs a command of docker that changes something, and shows how it goes.
tell() {
	: >"$spool/said"
	{
		{
			result=0
			"$@" 2>&1 >&3 3>&- || result=$?
			echo "$result" >"$spool/result"
		} | sift >&3 3>&-
	} 3>&1
	read -r result <"$spool/result"
	conclude
}

# ask runs a command of docker for its output.
ask() {
	: >"$spool/said"
	result=0
	"$@" 2>"$spool/asked" || result=$?
	sift <"$spool/asked" >&2
	conclude
}
