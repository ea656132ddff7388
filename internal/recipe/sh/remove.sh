# Empties the resource's folders. Before is set
#   control      the path of the folder for what Waybill trusts
#   folder       the path of the resource's own
#   everything   not empty if all in folder is to go, else only source
# and enter.sh is read.
#
# The job still runs in control: package remote's files stay there, and so do
# both folders. Data that containers wrote may be another user's.
empty() {
	for file in * .[!.]* ..?*; do
		case $file in
		.waybill-*) ;;
		*) rm -rf -- "./$file" ;;
		esac
	done
}

# untrack removes what git knows from the source, and leaves what containers wrote.
# Checking out an empty tree follows no link, unlike git rm.
untrack() (
	GIT_DIR=$control/repository GIT_WORK_TREE=.
	export GIT_DIR GIT_WORK_TREE
	[ -d "$GIT_DIR" ] && enter "${folder%/*}" "${folder##*/}/source" || exit 0
	git read-tree -u --reset "$(git mktree </dev/null)"
)

[ -n "$everything" ] || untrack || :
cd "$control"
empty
[ -e "$folder" ] || [ -L "$folder" ] || exit 0
if [ -L "$folder" ] || ! enter "${folder%/*}" "${folder##*/}"; then
	echo "$folder is a link. What it leads to is kept."
	exit 0
fi
if [ -n "$everything" ]; then
	empty
	rm -rf -- ./.waybill-*
else
	rmdir source 2>/dev/null || :
fi
left=$(ls -A)
if [ -n "$left" ]; then
	echo "Kept in $folder:"
	echo "$left"
fi
