# Fetches the files that a repository has in Git LFS. Their objects are stored in git's own
# folder. git-lfs never sees the tree that containers may mount: smudge.sh writes the objects
# there. See fetch.sh for the variables.

# fetch_lfs PATH URL COMMIT fetches the LFS objects of a commit. The arguments are those of
# add_commit.
fetch_lfs() (
	GIT_INDEX_FILE=$scratch/index.lfs
	git read-tree "$3"
	status=0
	git -c core.quotePath=false grep --cached -l '^version https://git-lfs.github.com/spec/v1$' \
		-- ':(attr:filter=lfs)' >"$scratch/lfs" || status=$?
	[ "$status" -le 1 ] || exit "$status"
	[ -s "$scratch/lfs" ] || exit 0
	read -r first <"$scratch/lfs"
	others=$(($(wc -l <"$scratch/lfs") - 1))
	first=$1$first
	[ "$others" = 0 ] || first="$first and $others more"
	if ! command -v git-lfs >/dev/null 2>&1; then
		fail "The repository keeps $first in Git LFS, and this server has no git-lfs. Install it," \
			"for example with: apt-get install git-lfs"
	fi
	server=''
	if git cat-file -e "$3:.lfsconfig" 2>/dev/null; then
		server=$(git config --blob "$3:.lfsconfig" --get lfs.url ||
			git config --blob "$3:.lfsconfig" --get remote.origin.lfsurl) || server=''
	fi
	if [ -n "$server" ] && ! is_remote "$server"; then
		fail "The .lfsconfig of the repository names $server, which is not allowed:" \
			"it must be a URL of another machine."
	fi
	echo "Fetching $first from Git LFS."
	git -c remote.origin.url="$2" ${server:+-c "lfs.url=$server"} lfs fetch origin "$3" >"$said" 2>&1 || {
		cat "$said" >&2
		fail "$subject was fetched, but not what it keeps in Git LFS."
	}
	git grep --cached -h '^oid sha256:' -- ':(attr:filter=lfs)' >>"$scratch/oids"
)

# forget_lfs removes the objects that no file of the tree uses, two weeks after they were
# fetched. git does the same with its own objects.
forget_lfs() {
	[ -d "$GIT_DIR/lfs/objects" ] || return 0
	find "$GIT_DIR/lfs/objects" -type f -mtime +14 | while IFS= read -r object; do
		grep -q "^oid sha256:${object##*/}" "$scratch/oids" 2>/dev/null || rm -f -- "$object"
	done
}
