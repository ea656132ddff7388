# At the container's own address: while a new data folder is made, the server
# listens on loopback only, and lets every client in.
read -r host </etc/hostname

# The client takes more than 100 MB and most of a second of a processor. So once it
# was let in, a minute's checks only have the server answer a hello, which needs no
# login: the password does not change while the server runs. Each start of the
# server begins with the client again.
well=/tmp/waybill-well
start=$(cut -d ' ' -f 22 /proc/1/stat)
# shellcheck disable=SC2016 # bash expands these
if [ ! -e /waybill/tls.crt ] && [ "$(cat "$well" 2>/dev/null)" = "$start" ] &&
  [ -n "$(find "$well" -mmin -1)" ] && command -v bash >/dev/null &&
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/27017" || exit
# One OP_MSG with {hello: 1, $db: "admin"}. An answer has a header of 16 bytes.
printf "\64\0\0\0\1\0\0\0\0\0\0\0\335\7\0\0\0\0\0\0\0\37\0\0\0\20hello\0\1\0\0\0\2\44db\0\6\0\0\0admin\0\0" \
  >&3
[ "$(head -c 16 <&3 | wc -c)" -eq 16 ]' "$host"; then
  echo answered
  exit 0
fi

WAYBILL_PASSWORD=$(cat /waybill/password)
export WAYBILL_PASSWORD
url="mongodb://$host:27017/admin?directConnection=true&serverSelectionTimeoutMS=3000"
if [ -e /waybill/tls.crt ]; then
  url="$url&tls=true&tlsInsecure=true"
fi
# The client keeps a log in its home, which would be the data volume and grow with each check.
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
if command -v mongosh >/dev/null; then
  mongosh --quiet --norc "$url" /waybill/health.js || exit
else
  # Images before version 5 have the older client, which knows neither those options nor the environment.
  set --
  if [ -e /waybill/tls.crt ]; then
    set -- --tls --tlsAllowInvalidCertificates
  fi
  mongo --quiet --norc --host "$host" --port 27017 "$@" admin --eval "var process = {env: {
    MONGO_INITDB_ROOT_USERNAME: '$MONGO_INITDB_ROOT_USERNAME', WAYBILL_PASSWORD: cat('/waybill/password')}}" \
    /waybill/health.js || exit
fi
(umask 077 && echo "$start" >"$well") 2>/dev/null || :
