# Runs docker's client. forget.sh comes before. The session's variables are forgotten by
# then, except for those that the client needs.

# with_settings COMMAND... runs docker's client and keeps the variables of env files from
# becoming its settings. Compose takes those that begin with COMPOSE_ and are not set.
# Versions before 2.39.3 take all that are not set. So this sets all settings except
# COMPOSE_PROFILES, which a team may set. A build does not ask git about its folder, where
# a container may have put a git folder with commands.
with_settings() (
	export COMPOSE_IGNORE_ORPHANS=false COMPOSE_REMOVE_ORPHANS=false COMPOSE_PARALLEL_LIMIT=-1 \
		COMPOSE_PROGRESS=auto COMPOSE_STATUS_STDOUT=false COMPOSE_COMPATIBILITY=false \
		COMPOSE_CONVERT_WINDOWS_PATHS=false BUILDX_GIT_INFO=false
	for setting in HOST CONTEXT CONFIG CERT_PATH TLS TLS_VERIFY API_VERSION; do
		eval "export DOCKER_$setting=\"\${DOCKER_$setting-}\""
	done
	for setting in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
		eval "export $setting=\"\${$setting-}\""
	done
	exec "$@"
)
