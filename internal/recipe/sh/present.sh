# Prints the containers and the images of a project, in lines that begin with a letter:
#   C  a container: its service, its state, the id of its image, and its name after a slash
#   I  an image that is there: its number among the arguments, and its id
#   F  the reason why docker cannot tell
#   E  the end: no line is missing
# client.sh comes before, and docker_answers and docker_advice too. The arguments are the names
# of images. Go sets
#   project  compose's name for the project

# list_present IMAGE... prints the C and I lines, or an F line. It sets what docker_answers
# sets, and ids, id and number.
list_present() {
	if ! docker_answers 2>/dev/null; then
		echo "F $(docker_advice "$trouble")"
		return
	fi
	ids=$(with_settings docker ps --all --quiet --no-trunc \
		--filter "label=com.docker.compose.project=$project" \
		--filter label=com.docker.compose.oneoff=False 2>/dev/null) ||
		echo 'F It does not list its containers.'
	format='C {{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.Image}} {{.Name}}'
	# shellcheck disable=SC2086 # ids
	[ -z "$ids" ] || with_settings docker container inspect --format "$format" $ids 2>/dev/null ||
		echo 'F Its containers are being replaced.'
	number=0
	for image in "$@"; do
		if id=$(with_settings docker image inspect --format '{{.Id}}' -- "$image" 2>/dev/null); then
			echo "I $number $id"
		fi
		number=$((number + 1))
	done
}

printf '\nwaybill-present\n'
list_present "$@"
echo E
