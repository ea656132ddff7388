# Brings the files that a repository keeps in Git LFS. Their objects lie in git's own
# folder. git-lfs itself never sees the tree that containers may mount: smudge.sh puts
# the objects there. fetch.sh says what must be set.

# fetch_large fetches the objects that the files of a commit stand for. It is given
# what gather is given.
fetch_large() (
	GIT_INDEX_FILE=$scratch/index.lfs
	git read-tree "$3"
	status=0
	git -c core.quotePath=false grep --cached -l '^version https://git-lfs.github.com/spec/v1$' \
		-- ':(attr:filter=lfs)' >"$scratch/lfs" || status=$?
	[ "$status" -le 1 ] || exit "$status"
	[ -s "$scratch/lfs" ] || exit 0
	read -r first <"$scratch/lfs"
	more=$(($(wc -l <"$scratch/lfs") - 1))
	first=$1$first
	[ "$more" = 0 ] || first="$first and $more more"
	if ! command -v git-lfs >/dev/null 2>&1; then
		fail "The repository keeps $first in Git LFS, and this server has no git-lfs. Install it, for example with: apt-get install git-lfs"
	fi
	server=
	if git cat-file -e "$3:.lfsconfig" 2>/dev/null; then
		server=$(git config --blob "$3:.lfsconfig" --get lfs.url ||
			git config --blob "$3:.lfsconfig" --get remote.origin.lfsurl) || server=
	fi
	if [ -n "$server" ] && ! remote "$server"; then
		fail "The .lfsconfig of the repository names $server, which is not allowed: it must be a URL of another machine."
	fi
	echo "Fetching $first from Git LFS."
	git -c remote.origin.url="$2" ${server:+-c "lfs.url=$server"} lfs fetch origin "$3" >"$said" 2>&1 || {
		cat "$said" >&2
		fail "$subject was fetched, but not what it keeps in Git LFS."
	}
	git grep --cached -h '^oid sha256:' -- ':(attr:filter=lfs)' >>"$scratch/oids"
)

# forget_large removes the objects that no file of the tree stands for, two weeks
# after they came, which is when git forgets its own.
forget_large() {
	[ -d "$GIT_DIR/lfs/objects" ] || return 0
	find "$GIT_DIR/lfs/objects" -type f -mtime +14 | while IFS= read -r object; do
		grep -q "^oid sha256:${object##*/}" "$scratch/oids" 2>/dev/null || rm -f -- "$object"
	done
}
