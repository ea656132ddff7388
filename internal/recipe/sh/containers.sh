# The functions of all steps that look at a project's containers. The step defines compose,
# which runs docker compose for the project.

# containers prints the ids of the project's containers. They do not include containers of
# profiles that are not enabled, which docker may still have.
containers() {
	compose ps --all --quiet --orphans=false
}

# inspect_containers asks docker for the containers of ids. It sets
#   lines       a line for each container; see next_container
#   conditions  the conditions that services wait for, as compose notes them: a list of
#               ",SERVICE:CONDITION:RESTART,"
# and what next_container sets.
inspect_containers() {
	format='{{.Name}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}}'
	format=$format' {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}}'
	format=$format' {{with .HostConfig.RestartPolicy.Name}}{{.}}{{else}}no{{end}}'
	format=$format' {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.State.StartedAt}}'
	format=$format' {{with index .Config.Labels "com.docker.compose.oneoff"}}{{.}}{{else}}False{{end}}'
	format=$format' {{with index .Config.Labels "com.docker.compose.service"}}{{.}}{{else}}-{{end}}'
	format=$format' {{with index .Config.Labels "com.docker.compose.depends_on"}}{{.}}{{else}}-{{end}}'
	format=$format' {{if eq (index .Config.Labels "com.docker.compose.project")'
	format=$format' (index .Config.Labels "waybill.excluded")}}excluded{{else}}-{{end}}'
	# shellcheck disable=SC2086 # ids
	lines=$(docker container inspect --format "$format" $ids) || return 1
	conditions=,
	while next_container; do
		conditions="$conditions$waits_for,"
	done <<.
$lines
.
}

# next_container reads the line of the next container from stdin, and fails after the last.
# It skips containers of `compose run`, which no deployment started. It sets
#   name         the container's name
#   state        created, running, paused, restarting, exited or dead
#   health       healthy, unhealthy, starting or none
#   code         its last exit code
#   oom          true if it ran out of memory
#   restarts     how often docker has started it again
#   policy       its restart policy
#   max_retries  the limit of the policy on-failure, or 0
#   began        the time of its last start
#   oneoff       True for a container of `compose run`
#   service      its service in the compose file
#   waits_for    the conditions that it waits for
#   counts       "excluded" if the container does not count for the state of the resource
next_container() {
	while read -r name state health code oom restarts policy max_retries began oneoff service waits_for \
		counts; do
		name=${name#/}
		[ -z "$name" ] || [ "$oneoff" = True ] || return 0
	done
	return 1
}

# classify sets verdict on the container that was read last:
#   healthy   it is as it should be
#   waiting   it may still become healthy
#   finished  it has ended, as it should
#   failed    it will never be healthy
#   stopped   a user stopped it, or docker is shutting down and will start it again
#   crashed   it has ended max_exits times, if that is set
#   excluded  it does not count
# The step defines is_stable, which reports whether a running container without a health
# check counts as healthy.
classify() {
	if [ "$counts" = excluded ]; then
		verdict=excluded
		return
	fi
	case $state-$health in
	running-healthy) verdict=healthy ;;
	running-none)
		verdict=waiting
		! is_stable || verdict=healthy
		;;
	exited-*)
		verdict=failed
		if [ "$code" = 0 ] && may_end; then
			verdict=finished
		elif will_restart; then
			verdict=stopped
		fi
		;;
	dead-*) verdict=failed ;;
	*) verdict=waiting ;;
	esac
	[ "$verdict" != waiting ] || [ "$restarts" -lt "${max_exits:-$((restarts + 1))}" ] || verdict=crashed
}

# may_end reports whether the container may end: a service waits for its end, or its policy
# does not start it again after exit code 0.
may_end() {
	case $conditions in
	*",$service:service_completed_successfully:"*) return 0 ;;
	esac
	case $policy in
	no | on-failure) return 0 ;;
	esac
	return 1
}

# will_restart reports whether docker starts the container again after it has ended, unless
# a user stopped it.
will_restart() {
	case $policy in
	always | unless-stopped) return 0 ;;
	on-failure) [ "$code" != 0 ] && { [ "$max_retries" = 0 ] || [ "$restarts" -lt "$max_retries" ]; } ;;
	*) return 1 ;;
	esac
}

# is_awaited reports whether other services wait for the container, and sets event to the
# event that they wait for.
is_awaited() {
	case $conditions-$state in
	*",$service:service_completed_successfully:"*-exited) ;;
	*",$service:service_completed_successfully:"*)
		event='has ended'
		return 0
		;;
	esac
	case $conditions-$health in
	*",$service:service_healthy:"*-healthy) ;;
	*",$service:service_healthy:"*)
		event='is healthy'
		return 0
		;;
	esac
	return 1
}

# describe sets text to a clause for users about the state of the container.
describe() {
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

# report_awaited prints which containers the other services wait for, and names the setting
# that gives them more time. It sets late and what next_container, is_awaited and describe
# set.
report_awaited() {
	late=''
	while next_container; do
		case $state in
		running | restarting | paused) ;;
		*) continue ;;
		esac
		is_awaited || continue
		describe
		late=yes
		echo "$text. Others start only when it $event."
	done <<.
$lines
.
	[ -z "$late" ] || echo "If it only needs longer, raise the resource's health_timeout."
}
