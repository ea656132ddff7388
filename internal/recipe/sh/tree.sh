# How a commit's files get into the tree that containers may mount. fetch.sh says what
# must be set; enter.sh is read.

# place makes the folder of the tree. A container may have put a link in its place.
place() (
	cd -P -- "$above" || exit 1
	case $way in
	*/*)
		[ -e "${way%/*}" ] || mkdir -p -- "${way%/*}"
		enter "$above" "${way%/*}" || fail "$above/${way%/*} is a link. Waybill writes nothing where it leads to."
		;;
	esac
	[ ! -L "${way##*/}" ] || rm -f -- "${way##*/}"
	mkdir -p -- "${way##*/}"
)

# checkout makes the tree's files those of the tree $1 of git's. The server's own
# settings may have a filter for Git LFS, which would run git-lfs. Nothing else of
# them matters to a checkout.
checkout() (
	mkdir -p "$scratch/empty"
	enter "$above" "$way" || fail "$source was replaced by a link."
	tree=$(pwd -P)
	GIT_DIR=$folder/repository GIT_WORK_TREE=$source
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$scratch/empty XDG_CONFIG_HOME=$scratch/empty
	export scratch GIT_DIR GIT_WORK_TREE GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL HOME XDG_CONFIG_HOME
	if [ -n "$clean" ]; then
		smudging read-tree --reset -u "$1" && git clean --quiet --force --force -d -x
	else
		replace_changed "$1"
	fi
)

# smudging runs git with the filter that brings the objects of Git LFS.
smudging() {
	git -c "filter.lfs.smudge=sh '$smudge' %f" -c filter.lfs.clean=cat -c filter.lfs.required=true "$@"
}

# replace_changed is a checkout where containers write. git looks at a name and then
# opens it, and a container can put a link there in between. So git writes to where no
# container comes, and from there one name after another takes its place, relative to
# a folder that was entered and then found to be the right one.
replace_changed() {
	rm -rf "$scratch/next" "$scratch/gone"
	mkdir "$scratch/next" "$scratch/gone" || exit 1
	was=$GIT_DIR/index
	GIT_INDEX_FILE=$scratch/index.next
	export GIT_INDEX_FILE
	rm -f "$GIT_INDEX_FILE"
	[ ! -e "$was" ] || cp "$was" "$GIT_INDEX_FILE" || exit 1
	git read-tree --reset "$1" || exit 1
	if [ -e "$was" ]; then
		GIT_INDEX_FILE=$was git diff-index --cached --diff-filter=A --name-only -z "$1" >"$scratch/names" || exit 1
		GIT_INDEX_FILE=$was git checkout-index -z --stdin --prefix="$scratch/gone/" <"$scratch/names" || exit 1
		take "$scratch/gone" "$tree" || fail "$source changed while its files were removed."
	fi
	git diff-files --name-only -z >"$scratch/names" || exit 1
	smudging checkout-index -z --stdin --prefix="$scratch/next/" <"$scratch/names" || exit 1
	put "$scratch/next" "$tree" || fail "$source changed while its files were replaced."
	git update-index -q --refresh >/dev/null || :
	mv -f "$GIT_INDEX_FILE" "$was"
}

# put moves what is in the folder $1 into the working directory, whose path is $2.
put() {
	for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		own=${name##*/}
		if [ -d "$name" ] && [ ! -L "$name" ]; then
			if [ -L "./$own" ] || [ ! -d "./$own" ]; then
				rm -f -- "./$own" && mv -fT -- "$name" "./$own" || return 1
			else
				(within "$2/$own" && put "$name" "$2/$own") || return 1
			fi
		elif [ -e "$name" ] || [ -L "$name" ]; then
			if [ -d "./$own" ] && [ ! -L "./$own" ]; then
				rm -rf -- "./$own" || return 1
			fi
			mv -fT -- "$name" "./$own" || return 1
		fi
	done
}

# take removes the files of the names that are in the folder $1 from the working
# directory, whose path is $2, and the folders that are empty then.
take() {
	for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		own=${name##*/}
		if [ -d "$name" ] && [ ! -L "$name" ]; then
			[ ! -L "./$own" ] && [ -d "./$own" ] || continue
			(within "$2/$own" && take "$name" "$2/$own") || return 1
			rmdir -- "./$own" 2>/dev/null || :
		elif [ -L "./$own" ] || [ ! -d "./$own" ]; then
			rm -f -- "./$own" || return 1
		fi
	done
}

# within goes into a folder of the working directory, whose path is then $1, and fails
# if a link led elsewhere.
within() {
	cd -P -- "./${1##*/}" && [ "$(pwd -P)" = "$1" ]
}

# keep_variables copies the .env of the tree $1 of git's to where containers do not
# write. They may have put another file, or a link, in its place in the tree.
keep_variables() {
	rm -f repository.env
	own=$directory/.env
	own=${own#./}
	printf '%s\n' "$1:$own" | git cat-file --follow-symlinks --batch='%(objecttype) %(objectsize)' >"$scratch/env"
	{
		read -r kind size
		case $kind in
		blob) (umask 077 && head -c "$size" >repository.env) ;;
		symlink* | notdir* | loop* | dangling*) fail "The file $own leads out of the repository." ;;
		esac
	} <"$scratch/env"
}
