# Removes the files of a resource. enter.sh comes before. The step sets
#   control     the path of the control folder
#   folder      the path of the resource's own folder
#   everything  not empty if all of folder is removed, and not only the source
#
# The job still runs in the control folder. So the files of package remote stay there, and
# both folders too. A file that a container wrote may belong to another user.

# empty removes the files of the present folder. It sets file.
empty() {
	for file in * .[!.]* ..?*; do
		case $file in
		.waybill-*) ;;
		*) rm -rf -- "./$file" ;;
		esac
	done
}

# untrack removes the files that git knows from the source, and leaves those that containers
# wrote. It checks out an empty tree. Unlike git rm, that follows no link.
untrack() (
	GIT_DIR=$control/repository GIT_WORK_TREE=.
	export GIT_DIR GIT_WORK_TREE
	{ [ -d "$GIT_DIR" ] && enter "${folder%/*}" "${folder##*/}/source"; } || exit 0
	git read-tree -u --reset "$(git mktree </dev/null)"
)

[ -n "$everything" ] || untrack || :
cd "$control" || exit
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
