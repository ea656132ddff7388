# The clients of Redis and its kin take the password from the environment, each
# under a name of its own.
REDISCLI_AUTH=$(cat /waybill/password)
VALKEYCLI_AUTH=$REDISCLI_AUTH
export REDISCLI_AUTH VALKEYCLI_AUTH
set -- -h 127.0.0.1 -p 6379
if [ -e /waybill/tls.crt ]; then
  set -- -h 127.0.0.1 -p 6380 --tls --cacert /waybill/tls.crt
fi
for client in redis-cli valkey-cli keydb-cli; do
  if command -v "$client" >/dev/null; then break; fi
done
# A client exits 0 whatever the answer is. While the server loads its data, or
# cannot write it, or wants another password, the answer is another one.
answer=$("$client" "$@" ping)
echo "$answer"
[ "$answer" = PONG ]
