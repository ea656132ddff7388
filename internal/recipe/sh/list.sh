# Prints the containers of a project, in lines that begin with a letter:
#   C  a container: its service, its id and its name
#   F  the reason why docker cannot tell
#   E  the end: no line is missing
# client.sh comes before, and docker_answers and docker_advice too. Go sets
#   project  compose's name for the project

# list_containers prints the C lines or an F line. It sets what docker_answers sets.
list_containers() {
	if ! docker_answers 2>/dev/null; then
		echo "F $(docker_advice "$trouble")"
		return
	fi
	with_settings docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
		--filter label=com.docker.compose.oneoff=False \
		--format 'C {{.Label "com.docker.compose.service"}} {{.ID}} {{.Names}}' 2>/dev/null ||
		echo 'F Its containers are being replaced.'
}

printf '\nwaybill-containers\n'
list_containers
echo E
