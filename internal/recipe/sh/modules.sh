# Adds the files of a commit to git's index, with the files of its submodules in place of the
# links to them. One repository and one index hold everything. So no submodule has a git folder
# in the tree that containers may mount, and a later checkout or deletion knows every file. See
# fetch.sh for the variables.

tab=$(printf '\t')
modules=0

# add_commit PATH URL COMMIT adds the files of a commit and of its submodules to the index, at a
# path. PATH has a slash at its end, or is empty for the repository itself. URL is the place that
# the commit came from. It sets links, known, hash, path and what add_submodule sets.
add_commit() {
	if [ -z "$1" ]; then
		git read-tree "$3"
	else
		git read-tree --prefix="$1" "$3"
	fi
	fetch_lfs "$@"
	links=$(git -c core.quotePath=false ls-tree -r "$3" | sed -n 's/^160000 commit //p')
	[ -n "$links" ] || return 0
	known=$(list_submodules "$3")
	set -- "$1" "$2" "$3" "$known"
	while IFS=$tab read -r hash path; do
		add_submodule "$@"
	done <<.
$links
.
}

# list_submodules COMMIT prints a line for each submodule of a commit: path, URL and update
# method, with tabs between. It sets key and part.
list_submodules() {
	git cat-file -e "$1:.gitmodules" 2>/dev/null || return 0
	git config --blob "$1:.gitmodules" --list >/dev/null ||
		fail 'The .gitmodules of the repository cannot be read.'
	git config --blob "$1:.gitmodules" --name-only --get-regexp '^submodule\..*\.path$' |
		while IFS= read -r key; do
			key=${key%.path}
			for part in path url update; do
				printf '%s\t' "$(git config --blob "$1:.gitmodules" --get "$key.$part" |
					head -n 1 | tr '\t' ' ')"
			done
			echo
		done
}

# add_submodule PATH URL COMMIT KNOWN adds the files of one submodule in place of the link to it.
# The first arguments are those of add_commit; KNOWN is the output of list_submodules. It reads
# hash and path, of the link; sets line, url, update, subject and base; and counts modules.
add_submodule() {
	git update-index --force-remove -- "$1$path"
	line=$(printf '%s\n' "$4" |
		path=$path awk -F '\t' '$1 "" == ENVIRON["path"] "" { found = $0 } END { print found }')
	line=${line#*"$tab"}
	url=${line%%"$tab"*} update=${line#*"$tab"}
	if [ -z "$url" ] || [ "${update%"$tab"}" = none ]; then
		echo "The submodule $1$path is left out: the repository's .gitmodules has no URL for it," \
			"or says that it is not fetched." >&2
		return 0
	fi
	modules=$((modules + 1))
	[ "$modules" -le 200 ] || fail 'The repository has more than 200 submodules.'
	subject="The submodule $1$path"
	resolve_url "$2"
	echo "Fetching the submodule $1$path."
	fetch_commit "$url" "$hash" "refs/waybill/modules/$(printf %s "$1$path" | git hash-object --stdin)"
	add_commit "$1$path/" "$url" "$hash"
}

# resolve_url URL makes url absolute if it is relative to the URL of a repository. It refuses a url
# that leads to a file or a program of the server. It sets base and between.
resolve_url() {
	base=${1%/} url=${url%/}
	case $url in
	./* | ../*)
		between=/
		while :; do
			case $url-$base in
			./*) url=${url#./} ;;
			../*-*/*) url=${url#../} base=${base%/*} ;;
			../*-*:*) url=${url#../} base=${base%:*} between=: ;;
			*) break ;;
			esac
		done
		url=$base$between$url
		;;
	esac
	is_remote "$url" || fail "$subject has the URL $url, which is not allowed:" \
		"it must begin with https://, http://, ssh:// or git://, or be USER@HOST:PATH."
}

# is_remote URL reports whether a URL leads to another machine.
is_remote() {
	case $1 in
	-* | *::*) return 1 ;;
	https://?* | http://?* | ssh://?* | git://?*) return 0 ;;
	*://*) return 1 ;;
	*:*)
		case ${1%%:*} in
		'' | */*) return 1 ;;
		esac
		return 0
		;;
	esac
	return 1
}
