# Prints the object of Git LFS that the pointer on stdin stands for. git runs this for
# each such file that it checks out. A file that is no pointer, or whose object was
# not fetched because the repository's .lfsconfig excludes it, stays as it is.
#   $1   the file's path
# GIT_DIR is git's folder; its folder lfs has the objects. scratch is as in fetch.sh.
blob=$scratch/blob
cat >"$blob"
if [ "$(wc -c <"$blob")" -le 1024 ] && head -n 1 "$blob" | grep -qx 'version https://git-lfs.github.com/spec/v1'; then
	oid=$(sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' "$blob")
	rest=${oid#????}
	start=${oid%"$rest"}
	object=$GIT_DIR/lfs/objects/${start%??}/${start#??}/$oid
	if [ -n "$oid" ] && [ -f "$object" ]; then
		blob=$object
	else
		echo "The file $1 stays a pointer of Git LFS: the repository excludes it." >&2
	fi
fi
exec cat "$blob"
