# Refuses a compose file with which a container could take the server over, by the
# table of policyrules.go. Before is set
#   compose    a function that runs docker compose for the project
#   original   the same for the team's own file, which still has variables
#   folder     the resource's own, which it may mount
#   data       Waybill's, of which the rest belongs to others
#   variables  the file with the resource's variables, which env_file may name
#   forbids    empty where only what Waybill trusts is out of reach
#
# It looks at what compose makes of the file, as JSON with one key a line. That holds
# the secrets of the project, so it goes nowhere.

# rules prints the table, one rule a line.
rules() {
	cat <<'.'
@rules@
.
}

# findings reads the rules and then a model, which is resolved or written. It prints
# a line "F WHERE WHAT" for what is forbidden and one "P WHERE PLACE" for each place on
# the server, with tabs between, and last "done", or nothing if the model has another form.
findings() {
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
	# plain undoes the escapes of a JSON text, but for those of control characters.
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
	function judge(r, value,  text, kind, n, i, piece) {
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
	# leads finds the first rule whose path leads to the keys.
	function leads(  i, j, r) {
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
		if ((r = leads()) == 0) return
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
		for (h = 1; h <= hits; h++) judge(rule[h], found[h])
		print "done"
	}'
}

# follow prints an absolute path without dots, and with "links" as the second argument
# without links, whether or not it is there. A link into a folder that is missing fails.
# Each link is resolved here, from the folder where it lies: the readlink -f of busybox
# resolves one from the working directory if its target is missing.
follow() (
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
		last=$at/$target
		last=${last%"${last##*[!/]}"}
		[ -d "${last%/*}/" ] || exit 1
		rest=$target/$rest
	done
	printf '%s\n' "${at:-/}"
)

# barred says in reach why the resource may not have a place, and fails if it may: it
# may have all that is in its folder, and what has no part in a system folder, nor in
# Waybill's. Links are followed, since a repository may hold any: from the path as it is
# and from the path without its dots, since programs differ.
barred() {
	case $1 in
	/*) place=$1 ;;
	*) place=$folder/$1 ;;
	esac
	clean=$(follow "$place" '')
	reach="access to $clean"
	if [ "$model" = written ]; then
		[ "$clean" != "$settings" ] || return 1
		case $place in
		*/~/*) # compose does not know the home, and puts ~ into the project's folder
			reach="access to ~/${place#*/\~/}"
			[ -z "$forbids" ] || return 0
			;;
		esac
	fi
	real=$(follow "$place" links) || return 0
	direct=$real
	[ "$place" = "$clean" ] || direct=$(follow "$clean" links) || return 0
	! trusted "$real" && ! trusted "$direct" || return 0
	[ -n "$forbids" ] || return 1
	case $place in
	*\\* | *\$*)
		reach='paths with a dollar sign, a backslash or a control character'
		return 0
		;;
	esac
	case " @files@ " in
	*" $clean "*) return 1 ;;
	esac
	kept_from "$real" || kept_from "$direct"
}

# trusted reports whether a place is Waybill's data directory, or in one of the folders
# there that no container may mount.
trusted() {
	case $1/ in
	"$all/" | "$all/@control@"/* | "$all/@runs@"/*) return 0 ;;
	esac
	return 1
}

# kept_from reports whether a place is outside of the resource's folder and has a part
# in a folder that no resource may have.
kept_from() {
	case $1/ in
	"$own"/*) return 1 ;;
	esac
	for one in $kept "$all"; do
		case $1/ in
		"$one"/*) return 0 ;;
		esac
		case $one/ in
		"${1%/}"/*) return 0 ;;
		esac
	done
	return 1
}

# judge says what is forbidden in a model, and sets refused if anything is.
judge() {
	model=$1 ended=
	found=$({ rules && printf '%s\n' "$2"; } | findings "$model")
	while IFS=$tab read -r kind where what; do
		case $kind in
		P)
			barred "$what" || continue
			what=$reach
			;;
		F) [ -n "$forbids" ] || continue ;;
		done)
			ended=yes
			continue
			;;
		*) continue ;;
		esac
		echo "$where: this server forbids $what." >&2
		refused=yes
	done <<.
$found
.
	[ -n "$ended" ] || {
		echo "The docker compose of this server writes a project in a form that the policy check cannot read." >&2
		exit 1
	}
}

need() {
	command -v "$1" >/dev/null 2>&1 || {
		echo "This server has no $1, which the check of its policy needs." >&2
		exit 1
	}
}

need awk
need readlink
own=$(follow "$folder" links)
all=$(follow "$data" links)
settings=$(follow "$variables" '')
kept=$(for system in @folders@; do follow "$system" links || exit; done)
tab=$(printf '\t')
refused=
# Only with its variables does compose name the files of variables; otherwise it reads
# them. What it says about a file that is forbidden may hold a line of it.
config=$(ask original --profile '*' config --no-interpolate --format json)
judge written "$config"
if [ -z "$refused" ]; then
	config=$(ask compose --profile '*' config --format json)
else
	config=$(compose --profile '*' config --format json 2>/dev/null) || exit 1
fi
judge resolved "$config"
[ -z "$refused" ] || exit 1
echo 'The policy forbids nothing in the compose file.'
