# Refuses a compose file with which a container could take the server over, by the table in
# policyrules.go. engine.sh comes before. Go puts the table into this file. The step defines
#   compose    which runs docker compose for the project
#   original   the same with the team's own file, which still has variables
# and sets
#   folder     the resource's own folder, which it may mount
#   data       Waybill's data directory, whose other folders belong to other resources
#   variables  the file with the resource's variables, which env_file may name
#   forbids    empty if only the folders that Waybill trusts are forbidden
#
# It checks compose's own form of the file, as JSON with one key a line. That has the secrets of
# the project, so it is written nowhere.

# print_rules prints the table, one rule a line.
print_rules() {
	cat <<'.'
@rules@
.
}

# list_findings MODEL reads the rules and then a model of the file: "resolved", or "written" with
# variables. It prints a line "F WHERE TEXT" for each forbidden value, and a line "P WHERE PLACE"
# for each place on the server, with tabs between. The last line is "done". It is missing if the
# model has another form.
list_findings() {
	awk -v model="$1" '
	function forbid(what) { printf "F\t%s\t%s\n", where[h], what }
	function place(path) { printf "P\t%s\t%s\n", where[h], path }
	# fits reports whether patterns allow a text; see policyrules.go.
	function fits(patterns, text,  n, i, word, forbidden, open) {
		n = split(patterns, word, " ")
		for (i = 1; i <= n; i++) {
			forbidden = sub(/^!/, "", word[i])
			open = sub(/\*$/, "", word[i])
			if (text == word[i] || open && substr(text, 1, length(word[i])) == word[i]) return !forbidden
		}
		return 0
	}
	# plain undoes the escapes of a JSON text, except those of control characters.
	function plain(text,  out, code) {
		while (match(text, /\\(["\\]|u003c|u003e|u0026)/)) {
			code = substr(text, RSTART + 1, RLENGTH - 1)
			if (code == "u003c") code = "<"
			if (code == "u003e") code = ">"
			if (code == "u0026") code = "&"
			out = out substr(text, 1, RSTART - 1) code
			text = substr(text, RSTART + RLENGTH)
		}
		return out text
	}
	function scalar(value) {
		if (value ~ /^"/) return plain(substr(value, 2, length(value) - 2))
		return value ~ /^[-0-9]/ ? value : ""
	}
	function allow(r, text,  what, i) {
		if (fits(patterns[r], text)) return
		what = says[r]
		if ((i = index(what, "%")) > 0) what = substr(what, 1, i - 1) text substr(what, i + 1)
		forbid(what)
	}
	function remote(context) { return fits("@remote@", context) && index(context, "/..") == 0 }
	function nearby(context) { return match(context, /:\/\//) ? substr(context, RSTART + 3) : context }
	function check(r, value,  text, kind, n, i, piece) {
		if (reading[r] == "present") {
			if (value !~ /^(null|false|""|\[\]|\{\})$/) forbid(says[r])
			return
		}
		if ((text = scalar(value)) == "") return
		if (reading[r] == "plainly") allow(r, text)
		else if (reading[r] == "capability") {
			text = toupper(text)
			sub(/^CAP_/, "", text)
			allow(r, text)
		} else if (reading[r] == "option") {
			if (index(text, "=") == 0) sub(/:/, "=", text)
			allow(r, text)
		} else if (reading[r] == "pieces") {
			text = tolower(text)
			gsub(/[ "]/, "", text)
			n = split(text, piece, ",")
			for (i = 1; i <= n; i++) allow(r, piece[i])
		} else if (reading[r] == "mounted") {
			kind = scalar(values[above[h] SUBSEP "type"])
			if (kind == "bind" || kind == "npipe") place(text)
		} else if (reading[r] == "device") {
			place(text)
			if (text !~ /^\//) place("/" text)
		} else if (reading[r] == "context") {
			if (!remote(text)) place(nearby(text))
		} else if (reading[r] == "dockerfile") {
			kind = scalar(values[above[h] SUBSEP "context"])
			if (text ~ /^\// || text ~ /:\/\//) place(nearby(text))
			else if (!remote(kind)) place(nearby(kind) "/" text)
		} else if (reading[r] == "paths") {
			n = split(text, piece, /[,:=]/)
			for (i = 1; i <= n; i++) if (piece[i] ~ /^\//) place(piece[i])
		} else place(text)
	}
	# matching finds the first rule whose path matches the keys.
	function matching(  i, j, r) {
		for (i = 1; i <= many[depth]; i++) {
			r = ruled[depth, i]
			for (j = 1; j <= depth; j++) if (part[r, j] != "*" && part[r, j] != keys[j]) break
			if (j > depth) return r
		}
		return 0
	}
	function note(value,  r, i) {
		path = name = ""
		for (i = 1; i < depth; i++) {
			path = path SUBSEP keys[i]
			name = name keys[i] "."
		}
		if (value !~ /^[{[]$/) values[path SUBSEP keys[depth]] = value
		if ((r = matching()) == 0) return
		hits++
		rule[hits] = r
		found[hits] = value
		above[hits] = path
		where[hits] = name keys[depth]
	}
	/^rule\t/ {
		split($0, field, "\t")
		if (field[2] != model) next
		r = ++total
		n = split(field[3], parts, ".")
		for (i = 1; i <= n; i++) part[r, i] = parts[i]
		ruled[n, ++many[n]] = r
		reading[r] = field[4]
		patterns[r] = field[5]
		says[r] = field[6]
		next
	}
	{
		match($0, /^ */)
		depth = RLENGTH / 2
		line = substr($0, RLENGTH + 1)
		sub(/,$/, "", line)
		if (line == "}" || line == "]") level--
		if (depth != level || level == 0 && started && line != "}") unknown = 1
		started = 1
		if (line == "}" || line == "]") next
		value = line
		if (depth > 0 && list[depth]) keys[depth] = count[depth]++
		else if (match(line, /^"([^"\\]|\\.)*": /)) {
			value = substr(line, RLENGTH + 1)
			keys[depth] = plain(substr(line, 2, RLENGTH - 4))
		} else if (depth > 0) unknown = 1
		if (value !~ /^([{[]|\{\}|\[\]|true|false|null|[-0-9][-+.0-9eE]*)$/ && value !~ /^".*"$/) unknown = 1
		if (depth > 0) note(value)
		if (value == "{" || value == "[") {
			level++
			list[level] = value == "["
			count[level] = 0
		}
	}
	END {
		if (unknown || !started || level != 0) exit
		for (h = 1; h <= hits; h++) check(rule[h], found[h])
		print "done"
	}'
}

# resolve_path PATH [links] prints an absolute path without dots, and with "links" also without
# links. The path need not exist. It fails for a link into a folder that does not exist. It resolves
# each link from the folder that has it: the readlink -f of busybox resolves a link from the working
# directory if its target does not exist.
resolve_path() (
	rest=$1 at='' links=0
	while [ -n "$rest" ]; do
		part=${rest%%/*}
		case $rest in
		*/*) rest=${rest#*/} ;;
		*) rest='' ;;
		esac
		case $part in
		'' | .) continue ;;
		..)
			at=${at%/*}
			continue
			;;
		esac
		if [ -z "$2" ] || [ ! -L "$at/$part" ]; then
			at=$at/$part
			continue
		fi
		links=$((links + 1))
		[ "$links" -le 40 ] || exit 1
		target=$(readlink "$at/$part") || exit 1
		case $target in
		/*) at='' ;;
		esac
		leads_to=$at/$target
		leads_to=${leads_to%"${leads_to##*[!/]}"}
		[ -d "${leads_to%/*}/" ] || exit 1
		rest=$target/$rest
	done
	printf '%s\n' "${at:-/}"
)

# is_forbidden PLACE reports whether the resource may not have a place, and sets reason. It may have
# everything in its own folder, and places that are neither in nor around a system folder or
# Waybill's data directory. Links are followed, because a repository may have any: once from the path
# as it is, and once from the path without its dots, because programs differ. It reads model; sets
# place, clean, real and direct.
is_forbidden() {
	case $1 in
	/*) place=$1 ;;
	*) place=$folder/$1 ;;
	esac
	clean=$(resolve_path "$place" '')
	reason="access to $clean"
	if [ "$model" = written ]; then
		[ "$clean" != "$own_variables" ] || return 1
		case $place in
		*/~/*) # compose does not know the home, and puts ~ into the project's folder
			reason="access to ~/${place#*/\~/}"
			[ -z "$forbids" ] || return 0
			;;
		esac
	fi
	real=$(resolve_path "$place" links) || return 0
	direct=$real
	[ "$place" = "$clean" ] || direct=$(resolve_path "$clean" links) || return 0
	{ ! is_trusted "$real" && ! is_trusted "$direct"; } || return 0
	[ -n "$forbids" ] || return 1
	case $place in
	*\\* | *\$*)
		reason='paths with a dollar sign, a backslash or a control character'
		return 0
		;;
	esac
	case $harmless in
	*" $clean "*) return 1 ;;
	esac
	is_kept "$real" || is_kept "$direct"
}

# is_trusted PLACE reports whether a place is Waybill's data directory, or is in one of the folders
# there that no container may mount.
is_trusted() {
	case $1/ in
	"$data_path/" | "$data_path/@control@"/* | "$data_path/@runs@"/*) return 0 ;;
	esac
	return 1
}

# is_kept PLACE reports whether a place outside of the resource's folder is in or around a folder
# that no resource may have. It sets one.
is_kept() {
	case $1/ in
	"$own_path"/*) return 1 ;;
	esac
	for one in $kept "$data_path"; do
		case $1/ in
		"$one"/*) return 0 ;;
		esac
		case $one/ in
		"${1%/}"/*) return 0 ;;
		esac
	done
	return 1
}

# check_model MODEL JSON prints the forbidden values of a model, and sets refused if there are any. It
# sets model, ended, found, kind, where, text and what is_forbidden sets.
check_model() {
	model=$1 ended=''
	found=$({ print_rules && printf '%s\n' "$2"; } | list_findings "$model")
	while IFS=$tab read -r kind where text; do
		case $kind in
		P)
			is_forbidden "$text" || continue
			text=$reason
			;;
		F) [ -n "$forbids" ] || continue ;;
		done)
			ended=yes
			continue
			;;
		*) continue ;;
		esac
		echo "$where: this server forbids $text." >&2
		refused=yes
	done <<.
$found
.
	[ -n "$ended" ] || {
		echo "The docker compose of this server writes a project in a form" \
			"that the policy check cannot read." >&2
		exit 1
	}
}

# need TOOL refuses a server that lacks a tool.
need() {
	command -v "$1" >/dev/null 2>&1 || {
		echo "This server has no $1, which the check of its policy needs." >&2
		exit 1
	}
}

need awk
need readlink
own_path=$(resolve_path "$folder" links)
data_path=$(resolve_path "$data" links)
own_variables=$(resolve_path "$variables" '')
kept=$(for system in @folders@; do resolve_path "$system" links || exit; done)
harmless=' @files@ '
tab=$(printf '\t')
refused=''
# Compose names the files of variables only together with the variables; otherwise it reads these
# files. Its message about a forbidden file may have a line of that file.
config=$(ask original --profile '*' config --no-interpolate --format json)
check_model written "$config"
if [ -z "$refused" ]; then
	config=$(ask compose --profile '*' config --format json)
else
	config=$(compose --profile '*' config --format json 2>/dev/null) || exit 1
fi
check_model resolved "$config"
[ -z "$refused" ] || exit 1
echo 'The policy forbids nothing in the compose file.'
