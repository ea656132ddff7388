# enter goes into a folder where containers may write, and fails if the way there leads
# through a link below the folder of all resources of a kind. Links above were made by
# the server's owner. What is done from within, by relative paths, stays within.
#   $1   the folder of all resources of the kind
#   $2   the way from there
enter() {
	base=$(cd -P -- "$1" && pwd -P) || return 1
	cd -P -- "$1/$2" && [ "$(pwd -P)" = "${base%/}/$2" ]
}
