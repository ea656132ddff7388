# What the steps have in common that look at a project's containers. Before is
# set
#   compose   a function that runs docker compose for the project

# containers prints their ids. Those of profiles that are not enabled are none
# of them, though docker may still have some from earlier.
containers() {
	compose ps --all --quiet --orphans=false
}

# look sets lines to a line of words for each container, living to how many may
# still run, and needs to what services wait for, as compose notes it: a list of
# ",SERVICE:CONDITION:RESTART,".
look() {
	lines=$(docker container inspect --format '{{.Name}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} {{with .HostConfig.RestartPolicy.Name}}{{.}}{{else}}no{{end}} {{.State.StartedAt}} {{with index .Config.Labels "com.docker.compose.oneoff"}}{{.}}{{else}}False{{end}} {{with index .Config.Labels "com.docker.compose.service"}}{{.}}{{else}}-{{end}} {{with index .Config.Labels "com.docker.compose.depends_on"}}{{.}}{{else}}-{{end}}' $ids) || return 1
	living=0 needs=,
	while take; do
		case $state in
		exited | dead | removing) ;;
		*) living=$((living + 1)) ;;
		esac
		needs="$needs$waits,"
	done <<.
$lines
.
}

# take reads the words of the next container. What `compose run` left behind is
# nobody's start.
take() {
	while read -r name state health code oom restarts policy began oneoff service waits; do
		name=${name#/}
		[ "$oneoff" = True ] || return 0
	done
	return 1
}

# judge sets verdict of the container that was taken:
#   well    as it should be          waits   may still become well
#   done    has done what it is for  lost    never will be well
judge() {
	case $state-$health in
	running-healthy) verdict=well ;;
	running-none)
		verdict=waits
		! steady || verdict=well
		;;
	exited-*)
		verdict=lost
		[ "$code" != 0 ] || ! once || verdict=done
		;;
	dead-*) verdict=lost ;;
	*) verdict=waits ;;
	esac
}

# once reports whether the container need not run on: a service waits for its
# end, or it is not to be restarted while others run.
once() {
	case $needs in
	*",$service:service_completed_successfully:"*) return 0 ;;
	esac
	case $policy in
	no | on-failure) [ "$living" -gt 0 ] ;;
	*) return 1 ;;
	esac
}

# words sets text to how the container is, for people.
words() {
	text="$name is $state"
	[ "$health" = none ] || [ "$state" != running ] || text="$text and $health"
	[ "$state" != exited ] || text="$text with code $code"
	[ "$restarts" = 0 ] || text="$text, restarted $restarts times"
}
