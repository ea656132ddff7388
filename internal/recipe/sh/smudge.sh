# Prints the Git LFS object of the pointer on stdin. git runs this for each file in LFS that
# it checks out. A file that is no pointer stays as it is. So does a file whose object was not
# fetched, because the repository's .lfsconfig excludes it.
#   $1       the file's path
#   GIT_DIR  git's folder, with the objects in its folder lfs
#   scratch  as in fetch.sh
file=$scratch/blob
cat >"$file"
if [ "$(wc -c <"$file")" -le 1024 ] &&
	head -n 1 "$file" | grep -qx 'version https://git-lfs.github.com/spec/v1'; then
	oid=$(sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' "$file")
	rest=${oid#????}
	start=${oid%"$rest"}
	object=$GIT_DIR/lfs/objects/${start%??}/${start#??}/$oid
	if [ -n "$oid" ] && [ -f "$object" ]; then
		file=$object
	else
		echo "The file $1 stays a pointer of Git LFS: the repository excludes it." >&2
	fi
fi
exec cat "$file"
