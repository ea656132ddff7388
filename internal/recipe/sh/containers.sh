# What the steps have in common that look at a project's containers. Before is
# set
#   compose   a function that runs docker compose for the project

# containers prints their ids. Those of profiles that are not enabled are none
# of them, though docker may still have some from earlier.
containers() {
	compose ps --all --quiet --orphans=false
}

# look sets lines to a line of words for each container, and needs to what
# services wait for, as compose notes it: a list of ",SERVICE:CONDITION:RESTART,".
look() {
	lines=$(docker container inspect --format '{{.Name}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} {{with .HostConfig.RestartPolicy.Name}}{{.}}{{else}}no{{end}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.State.StartedAt}} {{with index .Config.Labels "com.docker.compose.oneoff"}}{{.}}{{else}}False{{end}} {{with index .Config.Labels "com.docker.compose.service"}}{{.}}{{else}}-{{end}} {{with index .Config.Labels "com.docker.compose.depends_on"}}{{.}}{{else}}-{{end}}' $ids) || return 1
	needs=,
	while take; do
		needs="$needs$waits,"
	done <<.
$lines
.
}

# take reads the words of the next container. What `compose run` left behind
# was not started by a deployment.
take() {
	while read -r name state health code oom restarts policy most began oneoff service waits; do
		name=${name#/}
		[ -z "$name" ] || [ "$oneoff" = True ] || return 0
	done
	return 1
}

# judge sets verdict of the container that was taken:
#   well    as it should be          waits   may still become well
#   done    has done what it is for  lost    never will be well
#   halted  somebody stopped it, or docker is shutting down and starts it later
#   crashed has ended as often as $exits says, where that is set
judge() {
	case $state-$health in
	running-healthy) verdict=well ;;
	running-none)
		verdict=waits
		! steady || verdict=well
		;;
	exited-*)
		verdict=lost
		if [ "$code" = 0 ] && once; then
			verdict=done
		elif returns; then
			verdict=halted
		fi
		;;
	dead-*) verdict=lost ;;
	*) verdict=waits ;;
	esac
	[ "$verdict" != waits ] || [ "$restarts" -lt "${exits:-$((restarts + 1))}" ] || verdict=crashed
}

# once reports whether the container may end: a service waits for its end, or
# it is not to be restarted when it ends well.
once() {
	case $needs in
	*",$service:service_completed_successfully:"*) return 0 ;;
	esac
	case $policy in
	no | on-failure) return 0 ;;
	esac
	return 1
}

# returns reports whether docker starts the container again when it has ended,
# unless somebody stopped it.
returns() {
	case $policy in
	always | unless-stopped) return 0 ;;
	on-failure) [ "$code" != 0 ] && { [ "$most" = 0 ] || [ "$restarts" -lt "$most" ]; } ;;
	*) return 1 ;;
	esac
}

# awaited reports whether others wait for the container, and sets event to what
# they wait for.
awaited() {
	case $needs-$state in
	*",$service:service_completed_successfully:"*-exited) ;;
	*",$service:service_completed_successfully:"*)
		event='has ended'
		return 0
		;;
	esac
	case $needs-$health in
	*",$service:service_healthy:"*-healthy) ;;
	*",$service:service_healthy:"*)
		event='is healthy'
		return 0
		;;
	esac
	return 1
}

# words sets text to how the container is, for people.
words() {
	case $state-$health in
	running-healthy) text="$name is healthy" ;;
	running-unhealthy) text="$name is running, but its health check fails" ;;
	running-starting) text="$name is running; its health check has not succeeded yet" ;;
	exited-*)
		text="$name exited with code $code"
		[ "$oom" != true ] || text="$name ran out of memory and was killed (exit code $code)"
		;;
	restarting-*) text="$name exited with code $code, and docker starts it again" ;;
	created-*) text="$name was created and never started" ;;
	*) text="$name is $state" ;;
	esac
	case $restarts in
	0) ;;
	1) text="$text (restarted once)" ;;
	*) text="$text (restarted $restarts times)" ;;
	esac
}

# slow says what others wait for, and the setting that gives it more time.
slow() {
	late=
	while take; do
		case $state in
		running | restarting | paused) ;;
		*) continue ;;
		esac
		awaited || continue
		words
		late=yes
		echo "$text. Others start only when it $event."
	done <<.
$lines
.
	[ -z "$late" ] || echo "If it only needs longer, raise the resource's health_timeout."
}
