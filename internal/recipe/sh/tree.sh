# Writes the files of a commit into the tree that containers may mount. See fetch.sh for the
# variables; enter.sh comes before.

# make_tree creates the folder of the tree. A container may have put a link in its place.
make_tree() (
	cd -P -- "$above" || exit 1
	case $way in
	*/*)
		[ -e "${way%/*}" ] || mkdir -p -- "${way%/*}"
		enter "$above" "${way%/*}" ||
			fail "$above/${way%/*} is a link. Waybill writes nothing where it leads to."
		;;
	esac
	[ ! -L "${way##*/}" ] || rm -f -- "${way##*/}"
	mkdir -p -- "${way##*/}"
)

# checkout TREE writes the files of a tree object of git. The server's own settings may have a
# filter for Git LFS, which would run git-lfs. A checkout needs none of the settings.
checkout() (
	mkdir -p "$scratch/empty"
	enter "$above" "$way" || fail "$source was replaced by a link."
	real_path=$(pwd -P)
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$scratch/empty XDG_CONFIG_HOME=$scratch/empty
	export scratch GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL HOME XDG_CONFIG_HOME
	if [ -n "$clean" ]; then
		git_with_lfs read-tree --reset -u "$1" && git clean --quiet --force --force -d -x
	else
		replace_changed "$1" "$real_path"
	fi
)

# git_with_lfs ARGUMENT... runs git with the filter that writes the objects of Git LFS.
git_with_lfs() {
	git -c "filter.lfs.smudge=sh '$smudge' %f" -c filter.lfs.clean=cat -c filter.lfs.required=true "$@"
}

# replace_changed TREE FOLDER is a checkout where containers write. It runs in FOLDER. git checks
# a name and then opens it, and a container can put a link there in between. So git writes to a
# folder that no container sees. From there, one name after another takes its place, relative to
# a folder that was entered and then found to be the right one. It sets index and what
# remove_files and move_files set.
replace_changed() {
	rm -rf "$scratch/next" "$scratch/gone"
	mkdir "$scratch/next" "$scratch/gone" || exit 1
	index=$GIT_DIR/index
	GIT_INDEX_FILE=$scratch/index.next
	export GIT_INDEX_FILE
	rm -f "$GIT_INDEX_FILE"
	[ ! -e "$index" ] || cp "$index" "$GIT_INDEX_FILE" || exit 1
	git read-tree --reset "$1" || exit 1
	if [ -e "$index" ]; then
		GIT_INDEX_FILE=$index git diff-index --cached --diff-filter=A --name-only -z "$1" \
			>"$scratch/names" || exit 1
		GIT_INDEX_FILE=$index git checkout-index -z --stdin --prefix="$scratch/gone/" \
			<"$scratch/names" || exit 1
		remove_files "$scratch/gone" "$2" || fail "$source changed while its files were removed."
	fi
	git diff-files --name-only -z >"$scratch/names" || exit 1
	git_with_lfs checkout-index -z --stdin --prefix="$scratch/next/" <"$scratch/names" || exit 1
	move_files "$scratch/next" "$2" || fail "$source changed while its files were replaced."
	git update-index -q --refresh >/dev/null || :
	mv -f "$GIT_INDEX_FILE" "$index"
}

# move_files FROM HERE moves the contents of a folder into the working directory, whose path is
# HERE. It sets name and own.
move_files() {
	for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		own=${name##*/}
		if [ -d "$name" ] && [ ! -L "$name" ]; then
			if [ -L "./$own" ] || [ ! -d "./$own" ]; then
				{ rm -f -- "./$own" && mv -fT -- "$name" "./$own"; } || return 1
			else
				(enter_folder "$2/$own" && move_files "$name" "$2/$own") || return 1
			fi
		elif [ -e "$name" ] || [ -L "$name" ]; then
			if [ -d "./$own" ] && [ ! -L "./$own" ]; then
				rm -rf -- "./$own" || return 1
			fi
			mv -fT -- "$name" "./$own" || return 1
		fi
	done
}

# remove_files LIKE HERE removes the files with the names in the folder LIKE from the working
# directory, whose path is HERE, and the folders that are then empty. It sets name and own.
remove_files() {
	for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		own=${name##*/}
		if [ -d "$name" ] && [ ! -L "$name" ]; then
			{ [ ! -L "./$own" ] && [ -d "./$own" ]; } || continue
			(enter_folder "$2/$own" && remove_files "$name" "$2/$own") || return 1
			rmdir -- "./$own" 2>/dev/null || :
		elif [ -L "./$own" ] || [ ! -d "./$own" ]; then
			rm -f -- "./$own" || return 1
		fi
	done
}

# enter_folder PATH changes to a folder of the working directory. PATH is the whole path of that
# folder. It fails if a link led elsewhere.
enter_folder() {
	cd -P -- "./${1##*/}" && [ "$(pwd -P)" = "$1" ]
}

# copy_variables TREE copies the .env of a tree object of git to a place where containers do not
# write. In the tree they may have put another file, or a link, in its place. It sets own, kind and
# size.
copy_variables() {
	rm -f repository.env
	own=$directory/.env
	own=${own#./}
	printf '%s\n' "$1:$own" |
		git cat-file --follow-symlinks --batch='%(objecttype) %(objectsize)' >"$scratch/env"
	{
		read -r kind size
		case $kind in
		blob) (umask 077 && head -c "$size" >repository.env) ;;
		symlink* | notdir* | loop* | dangling*) fail "The file $own leads out of the repository." ;;
		esac
	} <"$scratch/env"
}
