# Puts the files of a commit into git's index, with those of its submodules in place
# of the links to them. One repository and one index hold everything, so no submodule
# has a git folder in the tree that containers may mount, and whatever cleans up or
# deletes knows every file. fetch.sh says what must be set.

tab=$(printf '\t')
modules=0

# gather adds the files of a commit to the index, at a path, and those of its
# submodules.
#   $1   the path, with a slash at its end; nothing for the repository itself
#   $2   the URL that the commit came from
#   $3   the commit
gather() {
	if [ -z "$1" ]; then
		git read-tree "$3"
	else
		git read-tree --prefix="$1" "$3"
	fi
	fetch_large "$@"
	links=$(git -c core.quotePath=false ls-tree -r "$3" | sed -n 's/^160000 commit //p')
	[ -n "$links" ] || return 0
	known=$(declared "$3")
	set -- "$1" "$2" "$3" "$known"
	while IFS=$tab read -r hash path; do
		replace "$@"
	done <<.
$links
.
}

# declared lists the submodules of a commit, one a line: path, URL, and how it is
# updated, with tabs between.
declared() {
	git cat-file -e "$1:.gitmodules" 2>/dev/null || return 0
	git config --blob "$1:.gitmodules" --list >/dev/null || fail 'The .gitmodules of the repository cannot be read.'
	git config --blob "$1:.gitmodules" --name-only --get-regexp '^submodule\..*\.path$' | while IFS= read -r key; do
		key=${key%.path}
		for part in path url update; do
			printf '%s\t' "$(git config --blob "$1:.gitmodules" --get "$key.$part" | head -n 1 | tr '\t' ' ')"
		done
		echo
	done
}

# replace puts the files of one submodule in place of the link to it, which hash and
# path say. Besides what gather is given, $4 is what is declared.
replace() {
	git update-index --force-remove -- "$1$path"
	line=$(printf '%s\n' "$4" | path=$path awk -F '\t' '$1 "" == ENVIRON["path"] "" { found = $0 } END { print found }')
	line=${line#*"$tab"}
	url=${line%%"$tab"*} update=${line#*"$tab"}
	if [ -z "$url" ] || [ "${update%"$tab"}" = none ]; then
		echo "The submodule $1$path is left out: the repository's .gitmodules has no URL for it, or says that it is not fetched." >&2
		return 0
	fi
	modules=$((modules + 1))
	[ "$modules" -le 200 ] || fail 'The repository has more than 200 submodules.'
	subject="The submodule $1$path"
	locate "$2"
	echo "Fetching the submodule $1$path."
	obtain "$url" "$hash" "refs/waybill/modules/$(printf %s "$1$path" | git hash-object --stdin)"
	gather "$1$path/" "$url" "$hash"
}

# locate makes url absolute, where it is relative to that of the repository in $1, and
# refuses one that leads to a file or a program of the server.
locate() {
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
	remote "$url" || fail "$subject has the URL $url, which is not allowed: it must begin with https://, http://, ssh:// or git://, or be USER@HOST:PATH."
}

# remote reports whether a URL leads to another machine.
remote() {
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
