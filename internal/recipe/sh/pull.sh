# Pulls newer images, and missing ones. engine.sh comes before. The step defines compose. An
# image with a digest cannot be newer, so it is pulled only if it is missing. The output of
# `compose config` has the same form for every compose file.
config=$(ask compose config)
services=$(printf '%s\n' "$config" | awk '
	/^[^ ]/ { inside = ($1 == "services:") }
	inside && /^  [^ ]/ { name = $1; sub(/:$/, "", name); gsub(/"/, "", name) }
	inside && /^    image: / && !/@sha256:/ { print name }')
if [ -n "$services" ]; then
	# shellcheck disable=SC2086 # the name of a service has no space
	tell compose pull --quiet --ignore-buildable $services
fi
tell compose pull --quiet --ignore-buildable --policy missing
