# enter BASE PATH changes to a folder where containers may write. BASE is the folder of all
# resources of a kind, and PATH leads from there to the folder. It fails if PATH leads
# through a link. Links in BASE were made by the server's owner. A command that then uses
# relative paths stays in the folder. It sets base.
enter() {
	base=$(cd -P -- "$1" && pwd -P) || return 1
	cd -P -- "$1/$2" && [ "$(pwd -P)" = "${base%/}/$2" ]
}
