# At the container's own address: while a new data folder is made, the server
# listens on loopback only, and lets anybody in.
read -r host </etc/hostname
WAYBILL_PASSWORD=$(cat /waybill/password)
export WAYBILL_PASSWORD
url="mongodb://$host:27017/admin?directConnection=true&serverSelectionTimeoutMS=3000"
if [ -e /waybill/tls.crt ]; then
  url="$url&tls=true&tlsInsecure=true"
fi
exec mongosh --quiet --norc "$url" /waybill/health.js
