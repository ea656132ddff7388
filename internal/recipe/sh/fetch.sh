# Fetches a git repository and writes its files, at a commit, into a folder. engine.sh,
# enter.sh, modules.sh, lfs.sh and tree.sh come before. The step sets
#   repository  the URL or path that git fetches from
#   branch      the branch or tag; nothing for the repository's default branch
#   commit      the hash of the commit, or its beginning; nothing for the latest
#   directory   the folder in the repository that is used, "." for all of it
#   file        the file that must be in it
#   clean       not empty if nothing else may be in the source
#   again       not empty if the last build may be used again
#   image       the image that must exist for that, or nothing
#   scratch     a folder for temporary files
#   smudge      the path of smudge.sh
#   above, way  the folder for the files, which containers may mount, is above/way
# git.go describes the files with the access to the repository.
#
# This runs in the control folder, which no container sees. The folder has
#   repository      git's own folder
#   repository.env  the variables that the repository has
#   commit          the hash and the first line of the message of this deployment's commit
#   fetched         the same, until it is built
#   built           the same for the last build
#
# Each fetch is of one commit, if the repository's host can do that.

# fail TEXT... prints the texts as one line and ends the step.
fail() {
	echo "$*" >&2
	exit 1
}

# can_reuse reports whether the last build can be used again.
can_reuse() {
	{ [ -n "$again" ] && [ -e built ] && [ -e "$source/$directory/$file" ]; } || return 1
	if [ -n "$image" ]; then
		docker image inspect "$image" >/dev/null 2>&1
	else
		[ ! -e fetched ]
	fi
}

# fetch ARGUMENT... runs git fetch, and explains a failure to the user. It returns 1 if the
# host cannot fetch one commit alone. It reads subject, the beginning of a sentence about
# the repository, and hint; sets status.
fetch() {
	status=0
	git fetch --quiet --no-tags --force "$@" 2>"$said" || status=$?
	cat "$said" >&2
	[ "$status" -ne 0 ] || return 0
	case $(cat "$said") in
	*'Host key verification failed'*)
		fail "$subject did not open: its host did not show a key that is known."
		;;
	*'Permission denied'* | *'Authentication failed'* | *'could not read Username'* | \
		*'could not read Password'* | *'terminal prompts disabled'* | *'epository not found'* | \
		*"fatal: repository '"*"' not found"* | *'Invalid username or'*)
		fail "$subject did not open: it needs a deploy key, or a user name and a password," \
			"that may read it.$hint"
		;;
	*"couldn't find remote ref"*) fail "$subject has no branch or tag ${branch:-at all}." ;;
	*'dumb http'*) return 1 ;;
	esac
	fail "$subject could not be fetched."
}

# fetch_all URL REFS fetches all branches and tags into a folder of refs. It sets deeper.
fetch_all() {
	deeper=''
	[ ! -e "$GIT_DIR/shallow" ] || deeper=--unshallow
	# shellcheck disable=SC2086 # nothing, or one option
	fetch --prune $deeper -- "$1" "+refs/heads/*:$2/heads/*" "+refs/tags/*:$2/tags/*"
}

# fetch_commit URL COMMIT REFS fetches one commit, alone if the host can do that.
fetch_commit() {
	if [ "${#2}" -ge 40 ]; then
		! git cat-file -e "$2^{commit}" 2>/dev/null || return 0
		! git fetch --quiet --no-tags --depth 1 -- "$1" "$2" 2>/dev/null || return 0
	fi
	fetch_all "$1" "$3"
	git cat-file -e "$2^{commit}" 2>/dev/null || fail "$subject has no commit $2."
}

# fetch_target fetches the commit to check out, and sets target to it.
fetch_target() {
	target=$commit
	if [ -n "$commit" ]; then
		fetch_commit "$repository" "$commit" refs/waybill
		return
	fi
	target=refs/waybill/target
	fetch --depth 1 -- "$repository" "+${branch:-HEAD}:$target" ||
		fetch -- "$repository" "+${branch:-HEAD}:$target"
}

# check_inside PATH TEXT refuses a path if a link in the repository leads out of it. It reads
# root and sets real.
check_inside() {
	real=$(readlink -f -- "$1") || fail "The repository has no $2."
	case $real/ in
	"$root"/*) ;;
	*) fail "$2 leads out of the repository." ;;
	esac
}

folder=$(pwd -P) source=$above/$way
GIT_DIR=$folder/repository GIT_WORK_TREE=$source
export GIT_DIR GIT_WORK_TREE
# Containers may have changed the tree since the build, so git writes its files again.
if can_reuse && make_tree && { [ -n "$image" ] || checkout "$(git write-tree)"; }; then
	cp built commit
	rm -f fetched
	read -r hash <built
	echo "Nothing is fetched: what was built from $hash is used again."
	exit 0
fi
rm -f commit # of an earlier deployment
command -v git >/dev/null 2>&1 || fail 'This server has no git. Install it.'

LC_ALL=C GIT_TERMINAL_PROMPT=0
export LC_ALL GIT_TERMINAL_PROMPT
ssh="ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=20"
if [ -e known_hosts ]; then
	ssh="$ssh -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null"
	ssh="$ssh -o UserKnownHostsFile=$folder/known_hosts"
else
	ssh="$ssh -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=$folder/known_hosts.seen"
fi
[ ! -e deploy.key ] || ssh="$ssh -o IdentitiesOnly=yes -i $folder/deploy.key"
GIT_SSH_COMMAND=$ssh
export GIT_SSH_COMMAND
if [ -e askpass.sh ]; then
	GIT_ASKPASS=$folder/askpass.sh
	export GIT_ASKPASS
fi
case $repository in
/* | file://*)
	# A repository on the server may belong to another user. The programs that git runs there
	# read only a user's own settings for the permission to use it.
	mkdir -p "$scratch/home"
	printf '[safe]\n\tdirectory = *\n' >"$scratch/home/.gitconfig"
	HOME=$scratch/home
	export HOME
	unset XDG_CONFIG_HOME GIT_CONFIG_GLOBAL
	;;
esac

make_tree
said=$scratch/git-said
rm -f "$GIT_DIR"/*.lock # of a git that was killed: no other process works here
git init --quiet --template= >"$said" 2>&1 || {
	cat "$said" >&2
	exit 1
}
# No helper of the server may store the password, and no process may stay.
git config credential.helper ''
git config gc.autoDetach false
git config maintenance.autoDetach false
# Nothing in the tree may run: no hooks, and no git folders that a container may have put
# where a submodule was.
git config core.hooksPath /dev/null
git config core.fsmonitor false
git config submodule.recurse false
git config fetch.recurseSubmodules false
subject='The repository' hint=''
fetch_target
target=$(git rev-parse --verify --quiet "$target^{commit}")
git update-ref --no-deref HEAD "$target"

# Everything is fetched before the tree is touched, and git reads nothing in the tree.
mkdir -p "$scratch/empty"
hint=' A password is sent to no host but that of the repository itself.'
tree=$(
	set -e # the shell of busybox does not inherit it in here
	GIT_ALLOW_PROTOCOL=https:http:ssh:git GIT_WORK_TREE=$scratch/empty GIT_INDEX_FILE=$scratch/index
	export GIT_ALLOW_PROTOCOL GIT_INDEX_FILE
	add_commit '' "$repository" "$target" >&3
	git write-tree
) 3>&1
checkout "$tree"
forget_lfs
root=$(readlink -f -- "$source")
check_inside "$source/$directory" "folder $directory"
check_inside "$source/$directory/$file" "file $directory/$file"
[ -f "$source/$directory/$file" ] || fail "The repository has no file $directory/$file."
[ -n "$image" ] || copy_variables "$tree"

git log -1 --format='%H%n%s' "$target" | head -c 2000 >commit.waybill-new
mv commit.waybill-new commit
cp commit fetched
{
	read -r hash
	read -r message || :
} <commit
echo "At commit $hash: $message"
