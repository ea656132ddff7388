# Brings newer images, and those that are missing. Before is set
#   compose   a function that runs docker compose for the project
# An image that is named by a digest cannot be newer: it is brought only if it is
# missing. The output of `compose config` has one fixed form, whatever the file
# looks like.
moving=$(compose config | awk '
	/^[^ ]/ { inside = ($1 == "services:") }
	inside && /^  [^ ]/ { name = $1; sub(/:$/, "", name); gsub(/"/, "", name) }
	inside && /^    image: / && !/@sha256:/ { print name }')
if [ -n "$moving" ]; then
	compose pull --quiet --ignore-buildable $moving
fi
compose pull --quiet --ignore-buildable --policy missing
