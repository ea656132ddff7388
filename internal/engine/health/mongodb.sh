# At the container's own address: while a new data folder is made, the server
# listens on loopback only, and lets anybody in.
read -r host </etc/hostname
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
  mongosh --quiet --norc "$url" /waybill/health.js
  exit
fi
# Images before version 5 have the older client, which knows neither those options nor the environment.
set --
if [ -e /waybill/tls.crt ]; then
  set -- --tls --tlsAllowInvalidCertificates
fi
mongo --quiet --norc --host "$host" --port 27017 "$@" admin --eval "var process = {env: {
  MONGO_INITDB_ROOT_USERNAME: '$MONGO_INITDB_ROOT_USERNAME', WAYBILL_PASSWORD: cat('/waybill/password')}}" /waybill/health.js
