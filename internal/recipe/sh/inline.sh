# Builds an image from a Dockerfile alone. engine.sh comes before. The step defines compose and
# sets
#   again       not empty if the last build may be used again
#   image       the name of the image
#   label       the label that has the digest of the image's Dockerfile
#   dockerfile  the digest of the present Dockerfile
#   $@          the options of docker compose build

# is_built reports whether the image was built from the present Dockerfile.
is_built() {
	[ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$image" 2>/dev/null)" = \
		"$dockerfile" ]
}

if [ -n "$again" ] && is_built; then
	echo 'The Dockerfile is the same as in the last build, so nothing is built.'
else
	tell compose build "$@"
fi
