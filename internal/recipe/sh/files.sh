# Makes files that begin empty in a resource's folder, and the folders above them. What is there
# stays. enter.sh comes before. Containers may write in the folder meanwhile, so nothing is done
# through a link: each folder is entered and then found to be the right one. The arguments are
# the paths in the folder. The step sets
#   control  the control folder
#   folder   the resource's own folder

# make_file PATH HERE makes a file below the working directory, whose path is HERE.
make_file() (
	path=$1 here=$2
	while [ "$path" != "${path#*/}" ]; do
		name=${path%%/*} path=${path#*/}
		[ -e "./$name" ] || [ -L "./$name" ] || mkdir -- "./$name" || exit
		here=$here/$name
		{ cd -P -- "./$name" && [ "$(pwd -P)" = "$here" ]; } || {
			echo "$here is a link. Waybill makes nothing where it leads to." >&2
			exit 1
		}
	done
	{ [ ! -e "./$path" ] && [ ! -L "./$path" ]; } || exit 0
	: >"$control/new-file" && mv -nT -- "$control/new-file" "./$path"
	rm -f -- "$control/new-file"
)

umask 022 # as docker makes what is missing
enter "${folder%/*}" "${folder##*/}" || {
	echo "$folder is a link. Waybill makes nothing where it leads to." >&2
	exit 1
}
top=$(pwd -P)
for file in "$@"; do
	make_file "$file" "$top" || exit
done
