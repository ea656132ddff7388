# The health check of an application over HTTP. It runs inside of the container, with the
# programs that the image has. Go sets
#   port, path  the URL to GET
#   within      the seconds after which there must be an answer
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
url=http://127.0.0.1:$port$path
code=
if command -v curl >/dev/null 2>&1; then
	code=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time "$within" "$url")
elif command -v wget >/dev/null 2>&1; then
	# The versions of wget disagree on options for a time limit, so docker ends the check.
	answer=$(wget -S -O /dev/null "$url" 2>&1)
	case $answer in
	*HTTP/*)
		answer=${answer#*HTTP/}
		answer=${answer#* }
		code=${answer%%[!0-9]*}
		;;
	esac
elif command -v bash >/dev/null 2>&1; then
	# shellcheck disable=SC2016 # bash expands these
	code=$(bash -c '
		exec 3<>"/dev/tcp/127.0.0.1/$1" &&
			printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" "$2" >&3 &&
			read -r version code rest <&3 && echo "$code"' bash "$port" "$path" 2>&1)
else
	echo 'This image has neither curl nor wget nor bash to ask over HTTP with. Give a health command instead.'
	exit 1
fi
case $code in
[23][0-9][0-9]) echo "$url answered with status $code." ;;
[1-9][0-9][0-9])
	echo "$url answered with status $code, not 2xx or 3xx."
	exit 1
	;;
*)
	echo "$url did not answer."
	exit 1
	;;
esac
