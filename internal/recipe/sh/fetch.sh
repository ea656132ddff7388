# Brings a git repository's files into a folder, at a commit. Before is
# set
#   repository  what git clones
#   branch      the branch or tag to follow; nothing for the repository's own
#   commit      the commit, or the beginning of its hash; nothing for the last
#   directory   the folder in the repository that is used, "." for all of it
#   file        the file that must be in it
#   clean       not empty if nothing else may be in source
#   again       not empty if what was built before may be used again; then
#   image       is the image that must be there, or nothing
#   scratch     a folder for what is needed only now
#   smudge      the path of smudge.sh
#   above way   the folder for the files, which containers may mount, is above/way
# and the files that open the repository lie in the folder: see git.go. enter.sh,
# modules.sh, lfs.sh and tree.sh are read already.
#
# No container sees the folder in which this runs. There lie repository, which is
# git's own; repository.env, the variables that the repository has; commit, the hash
# and the first line of the message of what this deployment is about; fetched,
# the same until it is built; and built, the same of what was built last.
#
# Every fetch is of one commit where the server can do that.

fail() {
	echo "$1" >&2
	exit 1
}

usable() {
	[ -n "$again" ] && [ -e built ] && [ -e "$source/$directory/$file" ] || return 1
	if [ -n "$image" ]; then
		docker image inspect "$image" >/dev/null 2>&1
	else
		[ ! -e fetched ]
	fi
}

# fetch says in words of ours what git's mean for the user. subject is what is
# fetched.
fetch() {
	status=0
	git fetch --quiet --no-tags --force "$@" 2>"$said" || status=$?
	cat "$said" >&2
	[ "$status" -ne 0 ] || return 0
	case $(cat "$said") in
	*'Host key verification failed'*) fail "$subject did not open: its host did not show a key that is known." ;;
	*'Permission denied'* | *'Authentication failed'* | *'could not read Username'* | *'could not read Password'* | *'terminal prompts disabled'* | *'epository not found'* | *"fatal: repository '"*"' not found"* | *'Invalid username or'*)
		fail "$subject did not open: it needs a deploy key, or a user name and a password, that may read it.$reach"
		;;
	*"couldn't find remote ref"*) fail "$subject has no branch or tag ${branch:-at all}." ;;
	*'dumb http'*) return 1 ;;
	esac
	fail "$subject could not be fetched."
}

# everything fetches all branches and tags of a URL to a place among the refs.
everything() {
	deeper=
	[ ! -e "$GIT_DIR/shallow" ] || deeper=--unshallow
	fetch --prune $deeper -- "$1" "+refs/heads/*:$2/heads/*" "+refs/tags/*:$2/tags/*"
}

# obtain fetches a commit of a URL, alone where the server can do that.
obtain() {
	if [ "${#2}" -ge 40 ]; then
		! git cat-file -e "$2^{commit}" 2>/dev/null || return 0
		! git fetch --quiet --no-tags --depth 1 -- "$1" "$2" 2>/dev/null || return 0
	fi
	everything "$1" "$3"
	git cat-file -e "$2^{commit}" 2>/dev/null || fail "$subject has no commit $2."
}

# seek sets target to what is to be checked out.
seek() {
	target=$commit
	if [ -n "$commit" ]; then
		obtain "$repository" "$commit" refs/waybill
		return
	fi
	target=refs/waybill/target
	fetch --depth 1 -- "$repository" "+${branch:-HEAD}:$target" || fetch -- "$repository" "+${branch:-HEAD}:$target"
}

# inside refuses a place that a link in the repository leads out of it.
inside() {
	real=$(readlink -f -- "$1") || fail "The repository has no $2."
	case $real/ in
	"$root"/*) ;;
	*) fail "$2 leads out of the repository." ;;
	esac
}

folder=$(pwd -P) source=$above/$way
# Containers may have changed the tree since, so git puts its files back.
if usable && place && { [ -n "$image" ] || checkout "$(GIT_DIR=$folder/repository git write-tree)"; }; then
	cp built commit
	rm -f fetched
	read -r hash <built
	echo "Nothing is fetched: what was built from $hash is used again."
	exit 0
fi
rm -f commit # of an earlier one, which this is not about
command -v git >/dev/null 2>&1 || fail 'This server has no git. Install it.'

LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_DIR=$folder/repository GIT_WORK_TREE=$source
export LC_ALL GIT_TERMINAL_PROMPT GIT_DIR GIT_WORK_TREE
ssh="ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=20"
if [ -e known_hosts ]; then
	ssh="$ssh -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=$folder/known_hosts"
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
	# One on the server is another user's, perhaps. What git runs there reads
	# only a user's own settings for whether that may be.
	mkdir -p "$scratch/home"
	printf '[safe]\n\tdirectory = *\n' >"$scratch/home/.gitconfig"
	HOME=$scratch/home
	export HOME
	unset XDG_CONFIG_HOME GIT_CONFIG_GLOBAL
	;;
esac

place
said=$scratch/git-said
rm -f "$GIT_DIR"/*.lock # of one that was killed: nobody else works here
git init --quiet --template= >"$said" 2>&1 || {
	cat "$said" >&2
	exit 1
}
# No password may stay with a helper of the server's, nor a process behind.
git config credential.helper ''
git config gc.autoDetach false
git config maintenance.autoDetach false
# Nothing in the tree may run: neither hooks, nor the git folders that a container
# may have put where a submodule was.
git config core.hooksPath /dev/null
git config core.fsmonitor false
git config submodule.recurse false
git config fetch.recurseSubmodules false
subject='The repository' reach=
seek
target=$(git rev-parse --verify --quiet "$target^{commit}")
git update-ref --no-deref HEAD "$target"

# Everything is fetched before the tree is touched, and git looks for nothing in it.
mkdir -p "$scratch/empty"
reach=' A password is sent to no host but that of the repository itself.'
tree=$(
	set -e # the shell of busybox leaves it off in here
	GIT_ALLOW_PROTOCOL=https:http:ssh:git GIT_WORK_TREE=$scratch/empty GIT_INDEX_FILE=$scratch/index
	export GIT_ALLOW_PROTOCOL GIT_INDEX_FILE
	gather '' "$repository" "$target" >&3
	git write-tree
) 3>&1
checkout "$tree"
forget_large
root=$(readlink -f -- "$source")
inside "$source/$directory" "folder $directory"
inside "$source/$directory/$file" "file $directory/$file"
[ -f "$source/$directory/$file" ] || fail "The repository has no file $directory/$file."
[ -n "$image" ] || keep_variables "$tree"

git log -1 --format='%H%n%s' "$target" | head -c 2000 >commit.waybill-new
mv commit.waybill-new commit
cp commit fetched
{
	read -r hash
	read -r message || :
} <commit
echo "At commit $hash: $message"
