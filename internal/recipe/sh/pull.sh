# Brings newer images, and those that are missing. Before is set
#   compose   a function that runs docker compose for the project
# and engine.sh is read.
# An image that is named by a digest cannot be newer: it is brought only if it is
# missing. The output of `compose config` has one fixed form, whatever the file
# looks like.
config=$(ask compose config)
moving=$(printf '%s\n' "$config" | awk '
	/^[^ ]/ { inside = ($1 == "services:") }
	inside && /^  [^ ]/ { name = $1; sub(/:$/, "", name); gsub(/"/, "", name) }
	inside && /^    image: / && !/@sha256:/ { print name }')
if [ -n "$moving" ]; then
	tell compose pull --quiet --ignore-buildable $moving
fi
tell compose pull --quiet --ignore-buildable --policy missing
